/* Search index -- all structures of one index, and the two moves that keep them together: a document is put in, or
 * taken out.
 *
 *      put("p:7", values)      same text as before?  yes: the number stays, fields change in place
 *                                                    no:  the next number, the old one becomes a tombstone
 *
 * What a tombstone leaves behind at once: its numbers, strings, points, vectors. What it leaves to the sweep: its
 * postings in the lists of words, tags and missing fields. The sweep goes through all lists in slices, drops what died
 * before it began, and then buries the numbers; it begins when the dead are a good part of the living, so its cost is
 * spread over the deaths and queries read few postings in vain.
 *
 * A sweep moves blocks, so it waits while a query stands between two slices (`readers`). */

import { type Address, type HashKey, type Memory, Range, sipHash } from 'redstrata/module'
import { TEXT_LIMITS, type TextField, type TextLimits, TextWriter } from '../ingest/text-writer.ts'
import type { Field, Schema } from '../schema/schema.ts'
import type { Stemmers } from '../text/stem/stemmers.ts'
import { Synonyms } from '../text/synonyms.ts'
import { CHUNK_BITS } from './column.ts'
import type { DeadBits } from './dead-bits.ts'
import { Documents, END, NUMBER_MAX } from './documents.ts'
import { FieldIndex, type FieldValue, type OwnIndex } from './field-index.ts'
import { FieldSets } from './field-sets.ts'
import { LevenshteinWalk } from './levenshtein.ts'
import { Block } from './posting-block.ts'
import { Terms } from './terms.ts'

/** A sweep begins with so many tombstones more than an eighth of the living. */
const TOMBS_MIN = 100
const TOMBS_SHARE = 8
/** Posting blocks swept at a time from one list. */
const SWEEP_BLOCKS = 16

/** What a document is beside its fields. */
export interface DocumentFacts {
  readonly language: number
  readonly score: number
  readonly payload: Range | null
}

/** Makes the index of a vector or shape field; null for other kinds. */
export type OwnIndexMaker = (field: Field) => OwnIndex | null

/** The structures of an index. */
export class SearchIndex {
  readonly memory: Memory
  readonly schema: Schema
  readonly documents: Documents
  /** The words of TEXT fields. */
  readonly terms: Terms
  readonly fieldSets: FieldSets = new FieldSets()
  readonly fields: FieldIndex[] = []
  readonly synonyms: Synonyms = new Synonyms()
  /** Grows when documents that are there must be looked at anew although their text did not change. */
  textEpoch = 0
  /** Queries that stand between two slices. */
  readers = 0
  readonly #key: HashKey
  readonly #blocks: readonly [Block, Block] = [new Block(), new Block()]
  readonly #walk = new LevenshteinWalk()
  readonly #writer: TextWriter
  readonly #limits: TextLimits
  readonly #textFields: (TextField | null)[] = []
  readonly #makeOwn: OwnIndexMaker
  readonly #scratch = new Range()
  #sweep: Sweep | null = null
  readonly #lives: (document: number) => boolean

  /** @throws ArenaFull, or what a field's own index throws, with nothing held. */
  constructor(
    memory: Memory,
    key: HashKey,
    schema: Schema,
    stemmers: Stemmers,
    makeOwn: OwnIndexMaker,
    limits: TextLimits = TEXT_LIMITS,
  ) {
    this.#limits = limits
    this.memory = memory
    this.schema = schema
    this.#key = key
    this.#makeOwn = makeOwn
    this.#lives = document => this.documents.lives(document)
    const made: { free(): void }[] = []
    try {
      this.documents = new Documents(memory, key)
      made.push(this.documents)
      const { freqs, fieldMasks, offsets } = schema.rules
      this.terms = new Terms(memory, key, { freqs, fields: fieldMasks, offsets }, this.#blocks, this.#walk)
      made.push(this.terms)
      this.#writer = new TextWriter(memory, this.terms, this.fieldSets, stemmers, limits)
      made.push(this.#writer)
      this.addFields()
    } catch (error) {
      for (const part of made) part.free()
      throw error
    }
  }

  /** Make indexes for fields that the schema has got since. @throws as the constructor does, with none of them made. */
  addFields(): void {
    const before = this.fields.length
    try {
      this.#makeFields()
    } catch (error) {
      for (const field of this.fields.splice(before)) field.free([])
      this.#textFields.length = before
      throw error
    }
  }

  #makeFields(): void {
    for (const field of this.schema.fields.slice(this.fields.length)) {
      this.fields.push(new FieldIndex(this.memory, this.#key, field, this.#blocks, this.#walk, this.#makeOwn(field)))
      const { bit, weight, noStem, phonetic } = field
      const isText = field.kind === 'text' && !field.noIndex
      this.#textFields.push(isText ? { bit, weight, stems: !noStem, sounds: phonetic !== '' } : null)
      this.textEpoch++
    }
  }

  // ------------------------------------------------------------------ documents

  /**
   * Put a document in, or change it.
   * @param values by the number of the field; read until this returns.
   * @returns false when no number is left, and the index must be built anew.
   * @throws ArenaFull; the document is then not in the index.
   */
  put(key: Range, values: readonly FieldValue[], facts: DocumentFacts): boolean {
    const { documents } = this
    documents.changes++
    const high = this.#print(values, facts, 0)
    const low = this.#print(values, facts, 0x5bd1e995)
    let document = documents.find(key)
    try {
      if (document !== 0 && documents.hasPrint(document, high, low)) {
        this.#setFields(document, values, false)
        if (facts.payload !== null || documents.payloads !== null) documents.setPayload(document, facts.payload)
        return true
      }
      if (documents.last >= NUMBER_MAX) return false
      if (document !== 0) this.#clearFields(document)
      document = documents.add(key)
      documents.setPrint(document, high, low)
      documents.setScore(document, facts.score)
      if (facts.payload !== null) documents.setPayload(document, facts.payload)
      this.#writeText(document, values, facts)
      this.#setFields(document, values, true)
      return true
    } catch (error) {
      // Half of a document is worse than none: take it out, then tell the caller what went wrong.
      this.remove(key)
      throw error
    }
  }

  /**
   * Change fields without words of a document that is there; it keeps its number.
   * @throws ArenaFull; the document is then not in the index.
   */
  change(document: number, key: Range, fields: readonly Field[], values: readonly FieldValue[]): void {
    try {
      for (const { number } of fields) this.fields[number]!.set(document, values[number]!, false)
    } catch (error) {
      this.remove(key)
      throw error
    }
  }

  /** Take a document out; false when it is not there. */
  remove(key: Range): boolean {
    const document = this.documents.find(key)
    if (document === 0) return false
    this.documents.changes++
    this.#clearFields(document)
    this.documents.remove(key)
    return true
  }

  /** Let a document go by another key, in the place of the document that has it; false when it is not there. */
  rename(from: Range, to: Range): boolean {
    if (this.documents.find(from) === 0) return false
    this.documents.changes++
    this.remove(to)
    return this.documents.rename(from, to)
  }

  #clearFields(document: number): void {
    for (const field of this.fields) field.clear(document)
  }

  #setFields(document: number, values: readonly FieldValue[], isNew: boolean): void {
    for (let i = 0; i < this.fields.length; i++) this.fields[i]!.set(document, values[i]!, isNew)
  }

  /** Half of the fingerprint: whatever decides what postings a document has, and their impacts. */
  #print(values: readonly FieldValue[], facts: DocumentFacts, seed: number): number {
    let print =
      seed ^ (facts.language * 31) ^ Math.imul(this.textEpoch, 0x85ebca6b) ^ Math.imul(facts.score * 1e6, 7919)
    for (let i = 0; i < values.length; i++) {
      if (this.#textFields[i] === null) continue
      const value = values[i]!
      print = Math.imul(print, 31) + value.textCount
      for (let t = 0; t < value.textCount; t++) {
        const text = value.texts[t]!
        print = sipHash(text.buf, text.start, text.end, print ^ this.#key.k0, this.#key.k1)
      }
    }
    return print | 0
  }

  #writeText(document: number, values: readonly FieldValue[], facts: DocumentFacts): void {
    const writer = this.#writer
    const { stopWords } = this.schema.rules
    writer.begin(facts.language)
    for (let i = 0; i < values.length; i++) {
      const field = this.#textFields[i]!
      if (field === null) continue
      const value = values[i]!
      for (let t = 0; t < value.textCount; t++) {
        const text = value.texts[t]!
        if (t > 0) writer.gap(this.#limits.valueSlop - 1)
        if (text.start < text.end) writer.add(field, text, stopWords, this.synonyms)
        else if (this.schema.fields[i]!.indexEmpty) writer.addEmpty(field)
      }
    }
    writer.write(document, Math.fround(facts.score))
    this.documents.describe(document, writer.norm, writer.length)
  }

  // ------------------------------------------------------------------ sweeping

  /** Whether enough died for a sweep, or one is under way. */
  get needsSweep(): boolean {
    return this.#sweep !== null || this.documents.tombCount > TOMBS_MIN + this.documents.count / TOMBS_SHARE
  }

  get isSweeping(): boolean {
    return this.#sweep !== null
  }

  /** Begin a sweep whatever the number of tombstones. */
  beginSweep(): void {
    if (this.#sweep === null && this.documents.beginSweep()) this.#sweep = new Sweep(this.#lists())
  }

  /** Sweep up to `budget` lists or parts of long ones; false when there is nothing left to do, or a reader is in the way. */
  sweep(budget: number): boolean {
    if (this.readers > 0) return false
    if (this.#sweep === null) {
      if (!this.needsSweep) return false
      this.beginSweep()
    }
    const sweep = this.#sweep!
    for (let i = 0; i < budget; i++) {
      if (sweep.step(this.#lives, this.documents.dead)) continue
      this.#sweep = null
      if (sweep.removed) this.#writer.forgetStems()
      this.#sweepMissing()
      this.documents.endSweep(document => {
        for (const field of this.fields) field.drop(document)
      })
      return this.needsSweep
    }
    // Stems that were remembered must not outlive their terms between two slices.
    if (sweep.removed) this.#writer.forgetStems()
    return true
  }

  #lists(): Terms[] {
    const lists = [this.terms]
    for (const field of this.fields) if (field.tags !== null) lists.push(field.tags.values)
    return lists
  }

  /** Sweep the lists of missing fields: there are few, and they are short. */
  #sweepMissing(): void {
    for (const field of this.fields)
      if (field.missing !== 0)
        for (let at = 0; at >= 0; ) at = field.missingLists.sweep(field.missing, at, SWEEP_BLOCKS, this.#lives)
  }

  /**
   * Documents that alone keep a chunk of numbers alive: at most an eighth of the chunk. Indexing them anew moves them to
   * a new number, so that old chunks can go. Names up to `limit` keys.
   */
  stragglers(limit: number): Buffer[] {
    const { documents } = this
    const keys: Buffer[] = []
    const chunks = (documents.last - documents.table.firstDocument) >>> CHUNK_BITS
    if (chunks < 16 || documents.count * 3 > documents.last - documents.table.firstDocument) return keys
    const step = 1 << CHUNK_BITS
    for (let at = documents.table.firstDocument; at < documents.last - step && keys.length < limit; at += step) {
      const living = documents.livingIn(at)
      if (living === 0 || living * 8 > step) continue
      for (let d = documents.nextLiving(at); d < at + step; d = documents.nextLiving(d + 1))
        if (documents.key(d, this.#scratch)) keys.push(this.#scratch.copy())
    }
    return keys
  }

  /** Forget the fingerprint of a document, so that the next `put` gives it a new number. */
  renew(key: Range): void {
    const document = this.documents.find(key)
    if (document !== 0) this.documents.setPrint(document, 0, 0)
  }

  // ------------------------------------------------------------------ figures

  /** Bytes held by all structures. */
  get sizeBytes(): number {
    let bytes =
      this.documents.keyBytes + this.documents.tableBytes + this.terms.keyBytes + this.terms.postings.sizeBytes
    for (const field of this.fields) bytes += field.sizeBytes
    return bytes
  }

  /** All living documents, by number. */
  *living(): Iterable<number> {
    for (let d = this.documents.nextLiving(1); d !== END; d = this.documents.nextLiving(d + 1)) yield d
  }

  /** Give everything back. */
  free(): void {
    const steps = this.releasing()
    while (steps.next().done !== true) {}
  }

  /** The same in steps, each a few hundred lists at most: an index that is dropped may be large. */
  *releasing(): Generator<void> {
    for (const field of this.fields) {
      field.free(this.living())
      yield
    }
    yield* this.terms.releasing()
    this.documents.free()
    this.#writer.free()
  }
}

/** A walk over all lists, from the last to the first, so that removed terms are filled by ones already seen. */
class Sweep {
  readonly #dictionaries: Terms[]
  #dictionary = 0
  #place: number
  #record: Address = 0
  #block = 0
  /** Whether a term was removed. */
  removed = false

  constructor(dictionaries: Terms[]) {
    this.#dictionaries = dictionaries
    this.#place = dictionaries[0]!.count
  }

  /** Sweep one list, or a part of a long one; false when all are done. */
  step(lives: (document: number) => boolean, dead: DeadBits): boolean {
    const terms = this.#dictionaries[this.#dictionary]
    if (terms === undefined) return false
    if (this.#record === 0) {
      this.#place = Math.min(this.#place, terms.count)
      if (--this.#place < 0) {
        const next = this.#dictionaries[++this.#dictionary]
        this.#place = next === undefined ? 0 : next.count
        return next !== undefined
      }
      this.#record = terms.dict.at(this.#place)
      this.#block = 0
    }
    this.#block = terms.postings.sweep(this.#record, this.#block, SWEEP_BLOCKS, lives, dead)
    if (this.#block >= 0) return true
    if (terms.postings.count(this.#record) === 0) {
      terms.remove(this.#record)
      this.removed = true
    }
    this.#record = 0
    return true
  }
}
