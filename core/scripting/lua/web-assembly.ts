/* WebAssembly -- as much of the runtime's interface as a machine uses; the types that we compile with leave it out. */

export interface Memory {
  /** A new one after every growth; the old one is then empty. */
  readonly buffer: ArrayBuffer
}

export interface Global {
  value: number
}

export interface Table {
  get(index: number): unknown
}

/** Functions by module and name. */
export type Imports = Record<string, Record<string, (...args: number[]) => unknown>>

/** Compiled code. */
export interface Code {
  readonly compiled: unique symbol
}

interface Runtime {
  readonly Module: new (bytes: Uint8Array) => Code
  readonly Instance: new (code: Code, imports: Imports) => { readonly exports: object }
  readonly RuntimeError: new () => Error
}

const { Module, Instance, RuntimeError } = (globalThis as unknown as { WebAssembly: Runtime }).WebAssembly

/** Compile, before returning. */
export function compile(bytes: Uint8Array): Code {
  return new Module(bytes)
}

/** Instantiate, before returning. Gives what the code exports. */
export function instantiate(code: Code, imports: Imports): object {
  return new Instance(code, imports).exports
}

/** Whether an exception says that the code trapped, or ran out of the runtime's stack. */
export function isTrap(error: unknown): boolean {
  return error instanceof RuntimeError || error instanceof RangeError
}
