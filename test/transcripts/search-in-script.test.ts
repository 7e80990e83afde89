import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('inScript', 'search')
