import type { Case } from '../../support/transcript/notation.ts'

/** Commands whose replies have a shape of their own in RESP3, which no general projection gives; resp3.txt records them. */
const OWN_SHAPE = /^FT\.(SEARCH|AGGREGATE|HYBRID|PROFILE|CURSOR|INFO|CONFIG|SPELLCHECK|EXPLAINCLI)$/i

/** Whether what a case got in RESP2 says what it will get in RESP3. */
export function keepsItsShape(one: Case): boolean {
  return one.steps.every(step => step.kind !== 'send' || !OWN_SHAPE.test(step.args[0]?.latin1Slice() ?? ''))
}
