import { replayFolder } from '../support/transcript/suite.ts'
import { keepsItsForm } from '../timeseries/resp3-shapes.ts'

await replayFolder('resp3', 'timeseries', undefined, keepsItsForm)
