import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('reloaded', 'core')
