import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Sha1, sha1Hex } from '../../core/base/hash.ts'

describe('SHA-1', () => {
  it('of pieces is that of the whole', () => {
    const bytes = Buffer.from('a whole that comes piece by piece')
    const sum = new Sha1().add(bytes, 0, 7).add(Buffer.alloc(0)).add(bytes, 7).sum()
    expect(sum.toString('hex')).toBe(sha1Hex(bytes))
    expect(sum).toEqual(createHash('sha1').update(bytes).digest())
  })
})
