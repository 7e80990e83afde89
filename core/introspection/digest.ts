/* DEBUG DIGEST -- one number for the whole data set, whatever the order of keys.
 *
 * Each key is hashed with its database, its type, what its value mixes in, and its deadline; the hashes are combined by
 * exclusive or, so two servers with the same data agree. The hash is SHA-1; the number says nothing to a real Redis. */

import { Sha1 } from '../base/hash.ts'
import { Range } from '../base/bytes.ts'
import type { Database } from '../keyspace/database.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { DigestSink } from '../keyspace/value-type.ts'
import type { Address } from '../memory/arena.ts'

const HASH_BYTES = 20

class Mixer implements DigestSink {
  readonly sum: Buffer = Buffer.from('0'.repeat(HASH_BYTES)).fill(0)
  #hash = new Sha1()

  part(from: Buffer, start: number, end: number): void {
    this.#hash.add(Buffer.from(`${end - start}:`)).add(from, start, end)
  }

  partText(text: string): void {
    const bytes = Buffer.from(text)
    this.part(bytes, 0, bytes.length)
  }

  end(): void {
    xorInto(this.sum, this.#hash.sum())
    this.#hash = new Sha1()
  }
}

function xorInto(sum: Buffer, hash: Buffer): void {
  for (let i = 0; i < HASH_BYTES; i++) sum[i]! ^= hash[i]!
}

/** Digest of one key's value alone, in hexadecimal. */
export function digestOfValue(db: Database, record: Address): string {
  const mixer = new Mixer()
  const type = db.keyspace.types[db.typeOf(record)]!
  mixer.partText(type.name)
  mixer.end()
  type.digest(db.view(record, type), mixer)
  const deadline = db.deadlines.exactOf(record)
  if (deadline >= 0n) {
    mixer.partText(`expires ${deadline}`)
    mixer.end()
  }
  return mixer.sum.toString('hex')
}

/** Digest of all databases, in hexadecimal; forty zeros when they are empty. */
export function digestOfAll(keyspace: Keyspace): string {
  const total = new Mixer()
  const key = new Range()
  for (const db of keyspace.databases)
    for (let i = 0; i < db.keys.count; i++) {
      const record = db.keys.at(i)
      keyspace.sequence++ // each value is looked at by itself: its lens may be used again
      const value = digestOfValue(db, record)
      db.keys.key(record, key)
      total.partText(`${db.number}`)
      total.part(key.buf, key.start, key.end)
      total.partText(value)
      total.end()
    }
  return total.sum.toString('hex')
}
