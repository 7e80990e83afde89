/* English stems -- M. F. Porter's second algorithm ("Porter2"), from its description at snowballstem.org.
 *
 *      connections --1a--> connection --2..4--> connect            relational --2--> relate --4,5--> relat
 *
 * The word is held as an array of letters that shrinks from its end. Two regions bound what a step may take away:
 *
 *      b e a u t i f u l          R1: behind the first consonant that follows a vowel
 *                |---R1--|        R2: the same, inside R1
 *                    |R2-|
 *
 * A y that begins the word or follows a vowel is a consonant, written Y while the steps run. */

const VOWELS = 'aeiouy'
const DOUBLES = new Set(['bb', 'dd', 'ff', 'gg', 'mm', 'nn', 'pp', 'rr', 'tt'])

/** Words with a stem of their own. */
const IRREGULAR = new Map(
  Object.entries({
    skis: 'ski',
    skies: 'sky',
    dying: 'die',
    lying: 'lie',
    tying: 'tie',
    idly: 'idl',
    gently: 'gentl',
    ugly: 'ugli',
    early: 'earli',
    only: 'onli',
    singly: 'singl',
  }),
)
/** Words that are their own stem. */
const FIXED = new Set(['sky', 'news', 'howe', 'atlas', 'cosmos', 'bias', 'andes'])
/** Words that step 1a may produce and no later step touches. */
const FIXED_AFTER_PLURAL = new Set([
  'inning',
  'outing',
  'canning',
  'herring',
  'earring',
  'proceed',
  'exceed',
  'succeed',
])
/** Beginnings after which R1 starts at once. */
const R1_AFTER = ['gener', 'commun', 'arsen']

/** Endings of step 2 and what replaces them, longest first; [what must precede], when not empty, is a set of letters. */
const STEP_2: readonly (readonly [ending: string, replacement: string, after: string])[] = [
  ['ization', 'ize', ''],
  ['ational', 'ate', ''],
  ['fulness', 'ful', ''],
  ['ousness', 'ous', ''],
  ['iveness', 'ive', ''],
  ['tional', 'tion', ''],
  ['biliti', 'ble', ''],
  ['lessli', 'less', ''],
  ['entli', 'ent', ''],
  ['ation', 'ate', ''],
  ['alism', 'al', ''],
  ['aliti', 'al', ''],
  ['ousli', 'ous', ''],
  ['iviti', 'ive', ''],
  ['fulli', 'ful', ''],
  ['enci', 'ence', ''],
  ['anci', 'ance', ''],
  ['abli', 'able', ''],
  ['izer', 'ize', ''],
  ['ator', 'ate', ''],
  ['alli', 'al', ''],
  ['bli', 'ble', ''],
  ['ogi', 'og', 'l'],
  ['li', '', 'cdeghkmnrt'],
]

/** Endings of step 3; `ative` goes only in R2. */
const STEP_3: readonly (readonly [ending: string, replacement: string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['alize', 'al'],
  ['icate', 'ic'],
  ['iciti', 'ic'],
  ['ative', ''],
  ['ical', 'ic'],
  ['ness', ''],
  ['ful', ''],
]

/** Endings of step 4, which go in R2; `ion` only behind s or t. */
const STEP_4 = [
  'ement',
  'ance',
  'ence',
  'able',
  'ible',
  'ment',
  'ant',
  'ent',
  'ism',
  'ate',
  'iti',
  'ous',
  'ive',
  'ize',
  'ion',
  'al',
  'er',
  'ic',
]

const APOSTROPHE = 0x27

/** The stem of a lower-case English word. */
export function stemEnglish(word: string): string {
  if (word.length <= 2 || endsInDigit(word)) return word
  const irregular = IRREGULAR.get(word)
  if (irregular !== undefined) return irregular
  if (FIXED.has(word)) return word
  if (word[0] === "'") word = word.slice(1)
  word = markConsonantY(word)
  const r1 = firstRegion(word)
  const r2 = regionFrom(word, r1)
  word = plural(possessive(word))
  if (FIXED_AFTER_PLURAL.has(word)) return word
  word = finalY(pastAndGerund(word, r1))
  word = step2(word, r1)
  word = step3(word, r1, r2)
  word = step4(word, r2)
  return step5(word, r1, r2).replaceAll('Y', 'y')
}

/** No ending of the language ends so: numbers and names of models are their own stems. */
function endsInDigit(word: string): boolean {
  const last = word.charCodeAt(word.length - 1)
  return last >= 0x30 && last <= 0x39 && word.charCodeAt(0) !== APOSTROPHE
}

function isVowel(word: string, at: number): boolean {
  return at >= 0 && at < word.length && VOWELS.includes(word[at]!)
}

function hasVowel(word: string): boolean {
  for (let i = 0; i < word.length; i++) if (isVowel(word, i)) return true
  return false
}

function markConsonantY(word: string): string {
  let out = ''
  for (let i = 0; i < word.length; i++) {
    const consonant = word[i] === 'y' && (i === 0 || VOWELS.includes(out[i - 1]!))
    out += consonant ? 'Y' : word[i]!
  }
  return out
}

/** Where the region begins that lies behind the first consonant after a vowel, looking from `from` on. */
function regionFrom(word: string, from: number): number {
  for (let i = from + 1; i < word.length; i++) if (!isVowel(word, i) && isVowel(word, i - 1)) return i + 1
  return word.length
}

function firstRegion(word: string): number {
  for (const beginning of R1_AFTER) if (word.startsWith(beginning)) return beginning.length
  return regionFrom(word, 0)
}

/** Whether the word ends in a short syllable: consonant, vowel, consonant other than w, x, Y; or it is vowel, consonant. */
function endsShort(word: string): boolean {
  const last = word.length - 1
  if (last === 1) return isVowel(word, 0) && !isVowel(word, 1)
  return (
    last >= 2 &&
    !isVowel(word, last) &&
    !'wxY'.includes(word[last]!) &&
    isVowel(word, last - 1) &&
    !isVowel(word, last - 2)
  )
}

function possessive(word: string): string {
  for (const ending of ["'s'", "'s", "'"]) if (word.endsWith(ending)) return word.slice(0, -ending.length)
  return word
}

function plural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2)
  if (word.endsWith('ied') || word.endsWith('ies')) return word.slice(0, word.length > 4 ? -2 : -1)
  if (word.endsWith('us') || word.endsWith('ss')) return word
  if (word.endsWith('s') && hasVowel(word.slice(0, -2))) return word.slice(0, -1)
  return word
}

function pastAndGerund(word: string, r1: number): string {
  for (const ending of ['eedly', 'eed'])
    if (word.endsWith(ending)) return word.length - ending.length >= r1 ? word.slice(0, -ending.length) + 'ee' : word
  for (const ending of ['ingly', 'edly', 'ing', 'ed']) {
    if (!word.endsWith(ending)) continue
    const rest = word.slice(0, -ending.length)
    if (!hasVowel(rest)) return word
    if (rest.endsWith('at') || rest.endsWith('bl') || rest.endsWith('iz')) return rest + 'e'
    if (DOUBLES.has(rest.slice(-2))) return rest.slice(0, -1)
    return endsShort(rest) && r1 >= rest.length ? rest + 'e' : rest
  }
  return word
}

function finalY(word: string): string {
  const last = word.length - 1
  if (last > 1 && (word[last] === 'y' || word[last] === 'Y') && !isVowel(word, last - 1)) return word.slice(0, -1) + 'i'
  return word
}

function step2(word: string, r1: number): string {
  for (const [ending, replacement, after] of STEP_2) {
    if (!word.endsWith(ending)) continue
    const at = word.length - ending.length
    if (at < r1 || (after !== '' && !after.includes(word[at - 1]!))) return word
    return word.slice(0, at) + replacement
  }
  return word
}

function step3(word: string, r1: number, r2: number): string {
  for (const [ending, replacement] of STEP_3) {
    if (!word.endsWith(ending)) continue
    const at = word.length - ending.length
    return at < (ending === 'ative' ? r2 : r1) ? word : word.slice(0, at) + replacement
  }
  return word
}

function step4(word: string, r2: number): string {
  for (const ending of STEP_4) {
    if (!word.endsWith(ending)) continue
    const at = word.length - ending.length
    if (at < r2 || (ending === 'ion' && word[at - 1] !== 's' && word[at - 1] !== 't')) return word
    return word.slice(0, at)
  }
  return word
}

function step5(word: string, r1: number, r2: number): string {
  const last = word.length - 1
  if (word[last] === 'l') return last >= r2 && word[last - 1] === 'l' ? word.slice(0, -1) : word
  if (word[last] !== 'e') return word
  if (last >= r2 || (last >= r1 && !endsShort(word.slice(0, -1)))) return word.slice(0, -1)
  return word
}
