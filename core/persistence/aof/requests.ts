/* Requests, written argument by argument: arrays of bulk strings. */

import type { RdbWriter } from '../rdb/writer.ts'

/** The begin of a request with so many arguments. */
export function putHeader(writer: RdbWriter, argc: number): void {
  writer.ascii(`*${argc}\r\n`)
}

/** An argument. */
export function putBulk(writer: RdbWriter, buf: Buffer, start: number, end: number): void {
  writer.ascii(`$${end - start}\r\n`)
  writer.raw(buf, start, end)
  writer.ascii('\r\n')
}

/** An argument in ASCII. */
export function putWord(writer: RdbWriter, word: string): void {
  writer.ascii(`$${word.length}\r\n${word}\r\n`)
}
