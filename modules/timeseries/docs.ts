/* Docs of the commands of time series, a line each: name, since, complexity, what it does. */

export const TIMESERIES_DOCS = `
ts.add 1.0.0 O(M) for M rules of the series: Adds a sample to a series, which is made if need be.
ts.alter 1.0.0 O(N) in the number of labels: Changes retention, chunk size, policy for duplicates and labels of a series.
ts.create 1.0.0 O(N) in the number of labels: Makes an empty series.
ts.createrule 1.0.0 O(1): Makes a series take the aggregates of another one.
ts.decrby 1.0.0 O(M) for M rules of the series: Adds a sample that is less than the last one by an amount.
ts.del 1.6.0 O(N) in the number of samples in the range: Removes the samples between two times.
ts.deleterule 1.0.0 O(1): Ends a rule of aggregation.
ts.get 1.0.0 O(1): Returns the last sample of a series.
ts.incrby 1.0.0 O(M) for M rules of the series: Adds a sample that is greater than the last one by an amount.
ts.info 1.0.0 O(1): Tells what a series holds and how it is kept.
ts.madd 1.0.0 O(N*M) for N samples of series with M rules: Adds samples to several series.
ts.mget 1.0.0 O(N) in the number of series that match: Returns the last samples of all series that match a filter.
ts.mrange 1.0.0 O(N/M+K) for N samples, M in a chunk, and K in the range: Returns the samples between two times of all series that match a filter.
ts.mrevrange 1.4.0 O(N/M+K) for N samples, M in a chunk, and K in the range: Returns the same as TS.MRANGE, the latest first.
ts.queryindex 1.0.0 O(N) in the number of series that match: Lists the series that match a filter.
ts.range 1.0.0 O(N/M+K) for N samples, M in a chunk, and K in the range: Returns the samples of a series between two times.
ts.revrange 1.4.0 O(N/M+K) for N samples, M in a chunk, and K in the range: Returns the same as TS.RANGE, the latest first.
`
