/* The package multilingual-stemmer, loaded in the middle of a command.
 *
 * Stemmers are made where nothing can be waited for, but the package's front door compiles its WebAssembly asynchronously.
 * Behind that door is a plain binding that takes the bytes of the code and is ready at once. It has no name of its own in
 * the package, so it is found by its path. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** What the binding exports, as far as it is used. */
export interface WasmLibrary {
  readonly Languages: Readonly<Record<string, number>>
  readonly Stemmer: new (language: number) => { stem(word: string): string }
  initSync(code: { readonly module: Buffer }): unknown
}

const FOLDER = 'multilingual-stemmer/dist/browser'

/** The library, or null when it is not installed or cannot run here. */
export function loadWasmLibrary(): WasmLibrary | null {
  const require = createRequire(import.meta.url)
  for (const packages of require.resolve.paths(FOLDER) ?? []) {
    try {
      const library = require(`${packages}/${FOLDER}/index.js`) as WasmLibrary
      library.initSync({ module: readFileSync(`${packages}/${FOLDER}/index_bg.wasm`) })
      return library
    } catch {
      // Not in this folder; the next one may have it.
    }
  }
  return null
}
