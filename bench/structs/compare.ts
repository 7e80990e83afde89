/* Compare -- ways to do the same thing, timed in one run with tinybench and shown as nanoseconds an operation. */

import { Bench } from 'tinybench'

/** Time each way; a call of one does `operations` operations. Prints a line each and the ratio to the first. */
export async function compare(
  title: string,
  operations: number,
  ways: Readonly<Record<string, () => unknown>>,
): Promise<void> {
  const bench = new Bench({ time: 400, warmupTime: 150 })
  for (const [name, way] of Object.entries(ways)) bench.add(name, () => void way())
  await bench.run()
  const times = bench.tasks.map(task => {
    if (task.result.state !== 'completed') throw new Error(`${task.name}: ${task.result.state}`)
    return (task.result.latency.p50 * 1e6) / operations
  })
  console.log(`\n${title}`)
  for (const [i, task] of bench.tasks.entries())
    console.log(`  ${task.name.padEnd(30)} ${times[i].toFixed(1).padStart(9)}   ${(times[i] / times[0]).toFixed(2)}`)
}
