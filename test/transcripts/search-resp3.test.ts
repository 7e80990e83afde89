import { keepsItsShape } from '../search/support/resp3-shapes.ts'
import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('resp3', 'search', undefined, keepsItsShape)
