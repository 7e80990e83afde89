/* Probe -- preloaded into a server that is measured, so that the server itself needs no hooks for it. It answers
 * messages of the process that started it: collect garbage now; tell how long the loop was held up at worst. */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const delays = monitorEventLoopDelay({ resolution: 1 })

process.on('message', question => {
  if (question === 'collect') {
    globalThis.gc?.()
    globalThis.gc?.()
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
