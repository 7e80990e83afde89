import type { Case, Step } from '../support/transcript/notation.ts'

/** Commands whose replies have a shape of their own in RESP3, which no general projection gives; resp3.txt records them. */
const OWN_SHAPE = /^TS\.(MGET|MRANGE|MREVRANGE|INFO)$/i

/** Whether what a case got in RESP2 says what it will get in RESP3. */
export function keepsItsShape(one: Case): boolean {
  return one.steps.every(step => step.kind !== 'send' || !OWN_SHAPE.test(step.args[0]!.latin1Slice()))
}

/** The same, and no pattern asks for a value, which is a status in RESP2 and a double in RESP3. */
export function keepsItsForm(one: Case): boolean {
  return keepsItsShape(one) && !one.steps.some(asksForStatus)
}

function asksForStatus(step: Step): boolean {
  return step.kind === 'match' && /\\\+/.test(step.pattern.source)
}
