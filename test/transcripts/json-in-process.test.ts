import { keepsItsShape } from '../json/resp3-shapes.ts'
import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('inProcess', 'json', undefined, keepsItsShape)
