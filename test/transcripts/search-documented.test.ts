import { replayFolder } from '../support/transcript/suite.ts'

await replayFolder('exact', 'search-documented')
