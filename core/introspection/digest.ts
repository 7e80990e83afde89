/* DEBUG DIGEST -- one number for the whole data set, whatever the order of keys. A real Redis finds the same one.
 *
 * Two steps make it, over SHA-1:
 *
 *      xor(sum, x)     sum = sum ^ SHA1(x)            several of them give the same sum in any order
 *      mix(sum, x)     sum = SHA1(sum ^ SHA1(x))      the order matters
 *
 *      all     for each database with keys: mix its number, then xor the sum of each key
 *      key     mix the key, mix the type's number, add the value, xor "!!expire!!" if it expires
 *      value   a string, list or stream mixes one thing after the other, a set xors its members;
 *              hashes, sorted sets and modules' values xor a sum for each element, whose parts are mixed
 *
 * Redis leaves out when keys expire, and what a stream has besides entries. DEBUG DIGEST EXACT, of our own, tells these too. */

import { Range } from '../base/bytes.ts'
import { Sha1 } from '../base/hash.ts'
import type { Database } from '../keyspace/database.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { DigestSink } from '../keyspace/value-type.ts'
import type { Address } from '../memory/arena.ts'

const HASH_BYTES = 20
const EXPIRES = Buffer.from('!!expire!!')
const FIELD_EXPIRES = Buffer.from('!!hexpire!!')
/** Numbers that stand for types; all types of modules have one. */
const TYPE_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['string', 0],
  ['list', 1],
  ['set', 2],
  ['zset', 3],
  ['hash', 4],
  ['stream', 6],
])
const MODULE_NUMBER = 5

function nothing(): Buffer {
  return Buffer.from('0'.repeat(HASH_BYTES)).fill(0)
}

function xorInto(sum: Buffer, bytes: Buffer, start = 0, end: number = bytes.length): void {
  const hash = new Sha1().add(bytes, start, end).sum()
  for (let i = 0; i < HASH_BYTES; i++) sum[i]! ^= hash[i]!
}

function mixInto(sum: Buffer, bytes: Buffer, start = 0, end: number = bytes.length): void {
  xorInto(sum, bytes, start, end)
  new Sha1().add(sum).sum().copy(sum)
}

/** A number as the network sends it. */
function word(n: number): Buffer {
  const bytes = Buffer.from('0000')
  bytes.writeUInt32BE(n)
  return bytes
}

class Mixer implements DigestSink {
  readonly isExact: boolean
  readonly #sum: Buffer
  readonly #element = nothing()

  constructor(sum: Buffer, isExact: boolean) {
    this.#sum = sum
    this.isExact = isExact
  }

  inOrder(from: Buffer, start: number, end: number): void {
    mixInto(this.#sum, from, start, end)
  }

  inAnyOrder(from: Buffer, start: number, end: number): void {
    xorInto(this.#sum, from, start, end)
  }

  part(from: Buffer, start: number, end: number): void {
    mixInto(this.#element, from, start, end)
  }

  partText(text: string): void {
    mixInto(this.#element, Buffer.from(text))
  }

  partExpires(atMs: number): void {
    if (this.isExact) this.partText(String(atMs))
    else xorInto(this.#element, FIELD_EXPIRES)
  }

  end(): void {
    xorInto(this.#sum, this.#element)
    this.#element.fill(0)
  }
}

/** Add a value, and whether it expires, to a sum. */
function addValue(sum: Buffer, db: Database, record: Address, isExact: boolean): void {
  const type = db.keyspace.types[db.typeOf(record)]!
  mixInto(sum, word(TYPE_NUMBERS.get(type.name) ?? MODULE_NUMBER))
  if (isExact) mixInto(sum, Buffer.from(type.name))
  type.digest(db.view(record, type), new Mixer(sum, isExact))
  const deadline = db.deadlines.exactOf(record)
  if (deadline >= 0n) xorInto(sum, isExact ? Buffer.from(`${deadline}`) : EXPIRES)
}

/** Digest of one key's value alone, in hexadecimal; forty zeros without a key. */
export function digestOfValue(db: Database, record: Address): string {
  const sum = nothing()
  if (record !== 0) addValue(sum, db, record, false)
  return sum.toString('hex')
}

/** Digest of all databases, in hexadecimal; forty zeros when they are empty. */
export function digestOfAll(keyspace: Keyspace, isExact: boolean): string {
  const total = nothing()
  const key = new Range()
  for (const db of keyspace.databases) {
    if (db.size > 0) mixInto(total, word(db.number))
    for (let i = 0; i < db.keys.count; i++) {
      const record = db.keys.at(i)
      const sum = nothing()
      keyspace.sequence++ // each value is looked at by itself: its lens may be used again
      db.keys.key(record, key)
      mixInto(sum, key.buf, key.start, key.end)
      addValue(sum, db, record, isExact)
      xorInto(total, sum)
    }
  }
  return total.toString('hex')
}
