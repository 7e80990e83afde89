/* Where things lie in a chunk.
 *
 * A chunk is a run of samples in order of time: one header, one block of encoded samples, and one record for each
 * stretch of 128 of them. The header never moves, so its address is the chunk's name.
 *
 *      header 128 B           samples (grown up to CHUNK_SIZE)
 *      +-----------+         +--------------------------------------------+
 *      | count     |-------->| 0..127        | 128..255      | 256..299   |
 *      | last time |         +--------------------------------------------+
 *      | ...       |            ^               ^               ^
 *      +-----------+         +---------------+---------------+------------+
 *            |               | stretch 0     | stretch 1     | stretch 2  |   88 B each
 *            +-------------->| state, sum .. | state, sum .. | state      |
 *                            +---------------+---------------+------------+
 *
 * A stretch's record holds the state of a decoder that has just read its first sample, so reading can begin there, and
 * the sums of its samples, so that adding them up need not read at all. The sums are written when the next stretch
 * begins. The last stretch, still open, has none, until the chunk is sealed: then its sums are taken, and those of the
 * whole chunk with them. The next change breaks the seal.
 *
 * The header remembers the state before its newest sample too: a sample that is overwritten while it is the newest
 * (counters, sensors that send twice) costs no decoding.
 *
 * All offsets below count from the chunk's address: W in 32-bit words, F in doubles. */

/** Samples of a stretch, as a power of two. */
export const STRETCH_BITS = 7
export const STRETCH = 1 << STRETCH_BITS

/** A chunk never holds more samples than this, however well they compress: it bounds what one late sample can cost. */
export const CHUNK_SAMPLES_MAX = 1 << 15

export const HEADER_BYTES = 128
export const W_COUNT = 0
/** Address of the encoded samples. */
export const W_DATA = 1
/** Address of the stretch records. */
export const W_RECORDS = 2
/** Bytes of the block of samples. */
export const W_DATA_BYTES = 3
/** CHUNK_SIZE: what the samples should not outgrow. */
export const W_LIMIT = 4
/** Bits written. */
export const W_BITS = 5
/** Window of meaningful bits in use: leading zeros, and trailing ones from bit 8. */
export const W_WINDOW = 6
/** The same two before the newest sample, UNDO_NONE when that is not known. */
export const W_UNDO_BITS = 7
export const W_UNDO_WINDOW = 8
/** 1 when the chunk is sealed. */
export const W_SUMMED = 9

export const F_LAST_TIME = 5
export const F_LAST_VALUE = 6
export const F_LAST_DELTA = 7
/** Value and delta before the newest sample. */
export const F_UNDO_VALUE = 8
export const F_UNDO_DELTA = 9
export const F_FIRST_TIME = 10
/** The chunk's own sums: five doubles in the order of a record's. */
export const F_SUMS = 11

export const UNDO_NONE = -1

export const RECORD_BYTES = 88
/** Doubles of a record. */
export const RECORD_UNITS = RECORD_BYTES / 8
/** First sample, and the delta that led to it. */
export const R_TIME = 0
export const R_VALUE = 1
export const R_DELTA = 2
/** Value of the stretch's last sample, once it is closed. */
export const R_LAST_VALUE = 3
/** Sum, spread (squared distances from the mean), least, greatest, and area under the line through the samples. */
export const R_SUMS = 4
/** In words: the position after the first sample, and the window in use. */
export const R_BITS = 18
export const R_WINDOW = 19
/** In words: the slot where cache.ts has the stretch decoded, if it still has; 0 for none. */
export const R_SLOT = 20

/** Order of the five sums. */
export const SUM = 0
export const SPREAD = 1
export const LEAST = 2
export const GREATEST = 3
export const AREA = 4
