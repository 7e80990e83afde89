/* Docs of the commands of sketches, a line each: name, since, complexity, what it does. k: hashes, or rows; n: sub-filters. */

export const BLOOM_DOCS = `
bf.add 1.0.0 O(k*n): Adds an item to a Bloom filter, which is made if need be.
bf.card 2.4.4 O(1): Tells how many items were added to a Bloom filter.
bf.debug 1.0.0 O(n): Tells how the layers of a Bloom filter are made.
bf.exists 1.0.0 O(k*n): Tells whether an item may be in a Bloom filter.
bf.info 1.0.0 O(n): Tells size, capacity and items of a Bloom filter.
bf.insert 1.0.0 O(k*n) for each item: Adds items to a Bloom filter, made as the options say.
bf.loadchunk 1.0.0 O(N) in the length of the piece: Takes a piece of a Bloom filter that BF.SCANDUMP gave.
bf.madd 1.0.0 O(k*n) for each item: Adds items to a Bloom filter, which is made if need be.
bf.mexists 1.0.0 O(k*n) for each item: Tells of each item whether it may be in a Bloom filter.
bf.reserve 1.0.0 O(N) in the size of the filter: Makes an empty Bloom filter.
bf.scandump 1.0.0 O(N) in the length of the piece: Gives a Bloom filter piece by piece.
cf.add 1.0.0 O(n): Adds an item to a cuckoo filter, once more if it is there.
cf.addnx 1.0.0 O(n): Adds an item to a cuckoo filter, unless it is there.
cf.compact 1.0.0 O(N*n) in the size of the filter: Moves items of a cuckoo filter together, so that sub-filters become free.
cf.count 1.0.0 O(n): Tells how often an item may be in a cuckoo filter.
cf.debug 1.0.0 O(1): Tells how a cuckoo filter is made.
cf.del 1.0.0 O(n): Takes an item out of a cuckoo filter, once.
cf.exists 1.0.0 O(n): Tells whether an item may be in a cuckoo filter.
cf.info 1.0.0 O(n): Tells size, buckets and items of a cuckoo filter.
cf.insert 1.0.0 O(n) for each item: Adds items to a cuckoo filter, made as the options say.
cf.insertnx 1.0.0 O(n) for each item: Adds items that are not there to a cuckoo filter, made as the options say.
cf.loadchunk 1.0.0 O(N) in the length of the piece: Takes a piece of a cuckoo filter that CF.SCANDUMP gave.
cf.mexists 1.0.0 O(n) for each item: Tells of each item whether it may be in a cuckoo filter.
cf.reserve 1.0.0 O(N) in the size of the filter: Makes an empty cuckoo filter.
cf.scandump 1.0.0 O(N) in the length of the piece: Gives a cuckoo filter piece by piece.
cms.incrby 2.0.0 O(k) for each item: Counts items up in a Count-Min sketch.
cms.info 2.0.0 O(1): Tells width, depth and the sum of all counts of a Count-Min sketch.
cms.initbydim 2.0.0 O(N) in the size of the sketch: Makes an empty Count-Min sketch of a width and depth.
cms.initbyprob 2.0.0 O(N) in the size of the sketch: Makes an empty Count-Min sketch that keeps to an error, with a probability.
cms.merge 2.0.0 O(N*M) for M sketches of size N: Sets a Count-Min sketch to the weighted sum of others.
cms.query 2.0.0 O(k) for each item: Estimates how often items were counted.
tdigest.add 2.4.0 O(1) for each value, on the average: Adds values to a t-digest.
tdigest.byrank 2.4.0 O(N) in the number of centroids: Estimates the values at some ranks, counted from the least.
tdigest.byrevrank 2.4.0 O(N) in the number of centroids: Estimates the values at some ranks, counted from the greatest.
tdigest.cdf 2.4.0 O(N) in the number of centroids: Estimates the share of values below some values.
tdigest.create 2.4.0 O(1): Makes an empty t-digest.
tdigest.info 2.4.0 O(1): Tells compression, centroids and weights of a t-digest.
tdigest.max 2.4.0 O(1): Returns the greatest value that was added.
tdigest.merge 2.4.0 O(N*K) for K digests of N centroids: Adds up t-digests into one.
tdigest.min 2.4.0 O(1): Returns the least value that was added.
tdigest.quantile 2.4.0 O(N) in the number of centroids: Estimates the values below which some shares of all values lie.
tdigest.rank 2.4.0 O(N) in the number of centroids: Estimates how many values are less than some values.
tdigest.reset 2.4.0 O(1): Empties a t-digest.
tdigest.revrank 2.4.0 O(N) in the number of centroids: Estimates how many values are greater than some values.
tdigest.trimmed_mean 2.4.0 O(N) in the number of centroids: Estimates the mean of the values between two quantiles.
topk.add 2.0.0 O(k) for each item: Counts items, and returns those that left the list for them.
topk.count 2.0.0 O(k) for each item: Estimates how often items were counted.
topk.incrby 2.0.0 O(k*N) for each item and increment N: Counts items up, and returns those that left the list for them.
topk.info 2.0.0 O(1): Tells k, width, depth and decay of a Top-K sketch.
topk.list 2.0.0 O(K*log(K)) for a list of K items: Lists the most frequent items.
topk.query 2.0.0 O(k) for each item: Tells whether items are among the most frequent ones.
topk.reserve 2.0.0 O(N) in the size of the sketch: Makes an empty Top-K sketch.
`
