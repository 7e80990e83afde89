/* Double Metaphone -- words that sound alike get one code ("The Double Metaphone Search Algorithm", L. Philips,
 * C/C++ Users Journal, June 2000).
 *
 *      Catherine, Kathryn  ->  K0RN          Smith, Smyth  ->  SM0          Stephen, Steven  ->  STFN
 *
 * The code is made of consonant sounds; a vowel counts only at the beginning, as A. `0` stands for the sound of th,
 * `X` for sh. Letters are read one group after the other; each letter's rule looks at its neighbours, writes a sound
 * and says how many letters it took. The algorithm gives a second code for words that may be pronounced in two ways;
 * only the first one is used for searching, so only that is worked out here. Codes end after four sounds.
 *
 * Rules for letters that are always read alike are in PLAIN_SOUND; the others have a function each. */

/** Sounds of a code. */
const SOUNDS_MAX = 4

/** Letters with one sound; doubled ones are read once. */
const PLAIN_SOUND: Readonly<Record<string, string>> = { B: 'P', F: 'F', K: 'K', L: 'L', N: 'N', Q: 'K', V: 'F' }

/** A word on its way to a code: the letters, where reading stands, and the sounds so far. */
interface Reading {
  readonly word: string
  readonly last: number
  readonly slavoGermanic: boolean
  code: string
}

type Rule = (r: Reading, at: number) => number

const RULES: Readonly<Record<string, Rule>> = {
  C: letterC,
  D: letterD,
  G: letterG,
  H: letterH,
  J: letterJ,
  M: letterM,
  P: letterP,
  R: letterR,
  S: letterS,
  T: letterT,
  W: letterW,
  X: letterX,
  Z: letterZ,
}

/** The code of a word, by its letters A to Z, Ç and Ñ; empty when there is nothing to pronounce. */
export function doubleMetaphone(text: string): string {
  const word = text.toUpperCase()
  const r: Reading = { word, last: word.length - 1, slavoGermanic: /W|K|CZ|WITZ/.test(word), code: '' }
  let at = 0
  if (/^(GN|KN|PN|WR|PS)/.test(word)) at = 1
  else if (word[0] === 'X') {
    r.code = 'S' // Xavier
    at = 1
  }
  while (at <= r.last && r.code.length < SOUNDS_MAX) at = readLetter(r, at)
  return r.code.slice(0, SOUNDS_MAX)
}

function readLetter(r: Reading, at: number): number {
  const letter = r.word[at]!
  if (isVowelAt(r, at)) {
    if (at === 0) r.code = 'A'
    return at + 1
  }
  const rule = RULES[letter]
  if (rule !== undefined) return rule(r, at)
  if (letter === 'Ç') return say(r, 'S', at + 1)
  if (letter === 'Ñ') return say(r, 'N', at + 1)
  const sound = PLAIN_SOUND[letter]
  if (sound === undefined) return at + 1
  // French names end in a silent double L only in the second reading, so here LL is L like any other.
  return say(r, sound, r.word[at + 1] === letter ? at + 2 : at + 1)
}

function say(r: Reading, sound: string, next: number): number {
  r.code += sound
  return next
}

function isVowelAt(r: Reading, at: number): boolean {
  return at >= 0 && at <= r.last && 'AEIOUY'.includes(r.word[at]!)
}

/** Whether one of the pieces stands at a place. */
function has(r: Reading, at: number, pieces: readonly string[]): boolean {
  if (at < 0) return false
  for (const piece of pieces) if (r.word.startsWith(piece, at)) return true
  return false
}

/** Whether the letter at a place is one of a set; outside the word it is none. */
function letterIn(r: Reading, at: number, set: string): boolean {
  return at >= 0 && at <= r.last && set.includes(r.word[at]!)
}

/** Whether the word begins as Germanic names do. */
function germanic(r: Reading): boolean {
  return has(r, 0, ['VAN ', 'VON ', 'SCH'])
}

function letterC(r: Reading, at: number): number {
  const soft = !letterIn(r, at + 2, 'I') && (!letterIn(r, at + 2, 'E') || has(r, at - 2, ['BACHER', 'MACHER']))
  if (at > 1 && !isVowelAt(r, at - 2) && has(r, at - 1, ['ACH']) && soft) return say(r, 'K', at + 2)
  if (at === 0 && has(r, at, ['CAESAR'])) return say(r, 'S', at + 2)
  if (has(r, at, ['CHIA'])) return say(r, 'K', at + 2)
  if (has(r, at, ['CH'])) return letterCh(r, at)
  if (has(r, at, ['CZ']) && !has(r, at - 2, ['WICZ'])) return say(r, 'S', at + 2)
  if (has(r, at + 1, ['CIA'])) return say(r, 'X', at + 3)
  if (has(r, at, ['CC']) && !(at === 1 && r.word[0] === 'M')) return doubleC(r, at)
  if (has(r, at, ['CK', 'CG', 'CQ'])) return say(r, 'K', at + 2)
  if (has(r, at, ['CI', 'CE', 'CY'])) return say(r, 'S', at + 2)
  if (has(r, at + 1, [' C', ' Q', ' G'])) return say(r, 'K', at + 3)
  const pair = letterIn(r, at + 1, 'CKQ') && !has(r, at + 1, ['CE', 'CI'])
  return say(r, 'K', pair ? at + 2 : at + 1)
}

function doubleC(r: Reading, at: number): number {
  if (!letterIn(r, at + 2, 'IEH') || has(r, at + 2, ['HU'])) return say(r, 'K', at + 2)
  // accident, succeed; elsewhere Italian: bacci, bertucci
  if ((at === 1 && r.word[0] === 'A') || has(r, at - 1, ['UCCEE', 'UCCES'])) return say(r, 'KS', at + 3)
  return say(r, 'X', at + 3)
}

function letterCh(r: Reading, at: number): number {
  if (at > 0 && has(r, at, ['CHAE'])) return say(r, 'K', at + 2)
  const greek = has(r, 1, ['HARAC', 'HARIS', 'HOR', 'HYM', 'HIA', 'HEM'])
  if (at === 0 && greek && !has(r, 0, ['CHORE'])) return say(r, 'K', at + 2)
  const hard =
    germanic(r) ||
    has(r, at - 2, ['ORCHES', 'ARCHIT', 'ORCHID']) ||
    letterIn(r, at + 2, 'TS') ||
    ((at === 0 || letterIn(r, at - 1, 'AOUE')) && (letterIn(r, at + 2, 'LRNMBHFVW ') || at + 1 === r.last))
  if (hard) return say(r, 'K', at + 2)
  return say(r, at > 0 && has(r, 0, ['MC']) ? 'K' : 'X', at + 2)
}

function letterD(r: Reading, at: number): number {
  if (has(r, at, ['DG'])) return letterIn(r, at + 2, 'IEY') ? say(r, 'J', at + 3) : say(r, 'TK', at + 2)
  return say(r, 'T', has(r, at, ['DT', 'DD']) ? at + 2 : at + 1)
}

function letterG(r: Reading, at: number): number {
  if (letterIn(r, at + 1, 'H')) return letterGh(r, at)
  if (letterIn(r, at + 1, 'N')) {
    if (at === 1 && isVowelAt(r, 0) && !r.slavoGermanic) return say(r, 'KN', at + 2)
    const silent = !has(r, at + 2, ['EY']) && r.word[at + 1] !== 'Y' && !r.slavoGermanic
    return say(r, silent ? 'N' : 'KN', at + 2)
  }
  if (has(r, at + 1, ['LI']) && !r.slavoGermanic) return say(r, 'KL', at + 2)
  const opening = ['ES', 'EP', 'EB', 'EL', 'EY', 'IB', 'IL', 'IN', 'IE', 'EI', 'ER']
  if (at === 0 && (r.word[1] === 'Y' || has(r, at + 1, opening))) return say(r, 'K', at + 2)
  const danger = has(r, 0, ['DANGER', 'RANGER', 'MANGER'])
  const gy = (has(r, at + 1, ['ER']) || letterIn(r, at + 1, 'Y')) && !danger
  if (gy && !letterIn(r, at - 1, 'EI') && !has(r, at - 1, ['RGY', 'OGY'])) return say(r, 'K', at + 2)
  if (letterIn(r, at + 1, 'EIY') || has(r, at - 1, ['AGGI', 'OGGI']))
    return say(r, germanic(r) || has(r, at + 1, ['ET']) ? 'K' : 'J', at + 2)
  return say(r, 'K', letterIn(r, at + 1, 'G') ? at + 2 : at + 1)
}

function letterGh(r: Reading, at: number): number {
  if (at > 0 && !isVowelAt(r, at - 1)) return say(r, 'K', at + 2)
  if (at === 0) return say(r, letterIn(r, 2, 'I') ? 'J' : 'K', at + 2)
  // Silent in Hugh, bough, daughter.
  const silent = letterIn(r, at - 2, 'BHD') || letterIn(r, at - 3, 'BHD') || letterIn(r, at - 4, 'BH')
  if (silent) return at + 2
  if (at > 2 && r.word[at - 1] === 'U' && letterIn(r, at - 3, 'CGLRT')) return say(r, 'F', at + 2)
  return r.word[at - 1] === 'I' ? at + 2 : say(r, 'K', at + 2)
}

function letterH(r: Reading, at: number): number {
  const spoken = (at === 0 || isVowelAt(r, at - 1)) && isVowelAt(r, at + 1)
  return spoken ? say(r, 'H', at + 2) : at + 1
}

function letterJ(r: Reading, at: number): number {
  if (has(r, at, ['JOSE']) || has(r, 0, ['SAN '])) {
    const spanish = (at === 0 && (r.word[4] === ' ' || r.last === 3)) || has(r, 0, ['SAN '])
    return say(r, spanish ? 'H' : 'J', at + 1)
  }
  const next = letterIn(r, at + 1, 'J') ? at + 2 : at + 1
  if (at === 0 || at === r.last) return say(r, 'J', next)
  if (isVowelAt(r, at - 1) && !r.slavoGermanic && letterIn(r, at + 1, 'AO')) return say(r, 'J', next)
  if (letterIn(r, at + 1, 'LTKSNMBZ') || letterIn(r, at - 1, 'SKL')) return next
  return say(r, 'J', next)
}

function letterM(r: Reading, at: number): number {
  const dumb = has(r, at - 1, ['UMB']) && (at + 1 === r.last || has(r, at + 2, ['ER']))
  return say(r, 'M', dumb || letterIn(r, at + 1, 'M') ? at + 2 : at + 1)
}

function letterP(r: Reading, at: number): number {
  if (letterIn(r, at + 1, 'H')) return say(r, 'F', at + 2)
  return say(r, 'P', letterIn(r, at + 1, 'PB') ? at + 2 : at + 1)
}

function letterR(r: Reading, at: number): number {
  const next = letterIn(r, at + 1, 'R') ? at + 2 : at + 1
  const french = at === r.last && !r.slavoGermanic && has(r, at - 2, ['IE']) && !has(r, at - 4, ['ME', 'MA'])
  return french ? next : say(r, 'R', next)
}

function letterS(r: Reading, at: number): number {
  if (has(r, at - 1, ['ISL', 'YSL'])) return at + 1
  if (at === 0 && has(r, 0, ['SUGAR'])) return say(r, 'X', at + 1)
  if (has(r, at, ['SH'])) return say(r, has(r, at + 1, ['HEIM', 'HOEK', 'HOLM', 'HOLZ']) ? 'S' : 'X', at + 2)
  if (has(r, at, ['SIO', 'SIA'])) return say(r, 'S', at + 3)
  if ((at === 0 && letterIn(r, 1, 'MNLW')) || letterIn(r, at + 1, 'Z'))
    return say(r, 'S', letterIn(r, at + 1, 'Z') ? at + 2 : at + 1)
  if (has(r, at, ['SC'])) return letterSc(r, at)
  const next = letterIn(r, at + 1, 'SZ') ? at + 2 : at + 1
  return at === r.last && has(r, at - 2, ['AI', 'OI']) ? next : say(r, 'S', next)
}

function letterSc(r: Reading, at: number): number {
  if (letterIn(r, at + 2, 'H')) {
    if (has(r, at + 3, ['OO', 'ER', 'EN', 'UY', 'ED', 'EM']))
      return say(r, has(r, at + 3, ['ER', 'EN']) ? 'X' : 'SK', at + 3)
    return say(r, 'X', at + 3)
  }
  return say(r, letterIn(r, at + 2, 'IEY') ? 'S' : 'SK', at + 3)
}

function letterT(r: Reading, at: number): number {
  if (has(r, at, ['TION', 'TIA', 'TCH'])) return say(r, 'X', at + 3)
  if (has(r, at, ['TH', 'TTH'])) return say(r, has(r, at + 2, ['OM', 'AM']) || germanic(r) ? 'T' : '0', at + 2)
  return say(r, 'T', letterIn(r, at + 1, 'TD') ? at + 2 : at + 1)
}

function letterW(r: Reading, at: number): number {
  if (has(r, at, ['WR'])) return say(r, 'R', at + 2)
  if (at === 0 && isVowelAt(r, 1)) return say(r, 'A', at + 1)
  if (at === 0 && has(r, at, ['WH'])) return say(r, 'A', at + 1)
  const slavic = has(r, at - 1, ['EWSKI', 'EWSKY', 'OWSKI', 'OWSKY']) || has(r, 0, ['SCH'])
  if ((at === r.last && isVowelAt(r, at - 1)) || slavic) return at + 1
  return has(r, at, ['WICZ', 'WITZ']) ? say(r, 'TS', at + 4) : at + 1
}

function letterX(r: Reading, at: number): number {
  const next = letterIn(r, at + 1, 'CX') ? at + 2 : at + 1
  const french = at === r.last && (has(r, at - 3, ['IAU', 'EAU']) || has(r, at - 2, ['AU', 'OU']))
  return french ? next : say(r, 'KS', next)
}

function letterZ(r: Reading, at: number): number {
  if (letterIn(r, at + 1, 'H')) return say(r, 'J', at + 2)
  return say(r, 'S', letterIn(r, at + 1, 'Z') ? at + 2 : at + 1)
}
