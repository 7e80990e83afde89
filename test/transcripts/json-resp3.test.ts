import { keepsItsShape } from '../json/resp3-shapes.ts'
import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('resp3', 'json', undefined, keepsItsShape)
