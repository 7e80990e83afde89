/* A folder of a test's own. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** An empty folder that is gone when the running test is over. */
export function temporaryFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'redstrata-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  return made
}
