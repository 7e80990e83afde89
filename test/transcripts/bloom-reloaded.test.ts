import { replayFolder } from '../support/transcript/suite.ts'

/** Saving a gigabyte before each command takes too long; and saving compresses a digest, which TDIGEST.INFO shows. */
const UNSUITABLE = /^BF\.RESERVE \S+ \S+ 1073741825|^TDIGEST\.INFO/

await replayFolder('reloaded', 'bloom', undefined, one =>
  one.steps.every(step => step.kind !== 'send' || !UNSUITABLE.test(step.text)),
)
