import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('resp3', 'bloom')
