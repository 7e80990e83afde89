/* Probe -- preloaded into a server that is measured, so that the server itself needs no hooks for it. It answers
 * messages of the process that started it: collect garbage now; tell how long the loop was held up at worst. */
import { Session } from 'node:inspector/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delays = monitorEventLoopDelay({ resolution: 1 })

process.on('message', async question => {
  if (question === 'collect') {
    // Unlike gc(), this also gives back the room for new objects that is not in use.
    const session = new Session()
    session.connect()
    for (let i = 0; i < 3; i++) await session.post('HeapProfiler.collectGarbage')
    session.disconnect()
    process.send?.('collected')
  } else if (question === 'watch') {
    delays.reset()
    delays.enable()
    process.send?.('watching')
  } else if (question === 'delays') {
    delays.disable()
    process.send?.({ maxMs: delays.max / 1e6, p999Ms: delays.percentile(99.9) / 1e6 })
  }
})
process.channel?.unref()
