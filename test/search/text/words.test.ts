import { describe, expect, it } from 'vitest'
import { ChineseWords } from '../../../modules/search/text/chinese.ts'
import { doubleMetaphone } from '../../../modules/search/text/phonetic.ts'
import { stemEnglish } from '../../../modules/search/text/stem/english.ts'
import { ENGLISH, languageNumber, Stemmers } from '../../../modules/search/text/stem/stemmers.ts'
import { DEFAULT_STOP_WORDS } from '../../../modules/search/text/stop-words.ts'
import { Synonyms } from '../../../modules/search/text/synonyms.ts'

describe('English stems', () => {
  it.each([
    ['consign consigned consigning consignment', 'consign'],
    ['consist consisted consistency consistent consistently consisting consists', 'consist'],
    ['connection connections connective connected connecting connect', 'connect'],
    ['knack knacks', 'knack'],
    ['happy happiness', 'happi'],
    ['running runs run', 'run'],
    ['relational relate related', 'relat'],
    ['hopping hopped hop', 'hop'],
    ['hoping hoped hope', 'hope'],
    ['flies fly', 'fli'],
    ['kettle kettles', 'kettl'],
    ['dying die', 'die'],
    ['generously generous', 'generous'],
    ['sky skies', 'sky'],
    ['proceed', 'proceed'],
  ])('brings %s to %s', (words, stem) => {
    for (const word of words.split(' ')) expect(stemEnglish(word)).toBe(stem)
  })

  it('leaves words alone that have no English ending', () => {
    for (const word of ['w000000000007', 'a', 'is', 'привет', 'café', '2024']) expect(stemEnglish(word)).toBe(word)
  })

  it('is the stemmer of the language English, by any case of its name', () => {
    expect(languageNumber('English')).toBe(ENGLISH)
    expect(languageNumber('klingon')).toBe(-1)
    expect(new Stemmers().for(ENGLISH)!('walking')).toBe('walk')
  })
})

describe('double metaphone', () => {
  it.each([
    ['Catherine Kathryn', 'K0RN'],
    ['Smith Smyth', 'SM0'],
    ['Stephen Steven', 'STFN'],
    ['Phillip Filip', 'FLP'],
    ['Wright right', 'RT'],
    ['Knight night', 'NT'],
    ['Thumb thum', '0M'],
    ['Czerny', 'SRN'],
    ['McClellan', 'MKLL'],
    ['accident', 'AKST'],
    ['bacci', 'PX'],
    ['edge', 'AJ'],
    ['laugh', 'LF'],
    ['daughter', 'TTR'],
    ['Xavier', 'SF'],
    ['topology', 'TPLJ'],
    ['Jose', 'HS'],
    ['breaux', 'PR'],
    ['school', 'SKL'],
    ['physics', 'FSKS'],
  ])('gives %s the code %s', (names, code) => {
    for (const name of names.split(' ')) expect(doubleMetaphone(name)).toBe(code)
  })

  it('has no code for what cannot be pronounced', () => {
    expect(doubleMetaphone('')).toBe('')
    expect(doubleMetaphone('123')).toBe('')
  })
})

describe('stems of other languages', () => {
  // Words and the stems that libstemmer 2.2.0 gives them.
  it.each([
    ['arabic', 'الكتابات المدرسون يكتبون والمكتبة بيوتهم', 'كتاب مدرس يكتب والمكتب بيو'],
    ['armenian', 'գրքերով քաղաքներում խոսելով', 'գրքերով քաղ խոս'],
    ['basque', 'etxeetan liburuaren mendietako haurrekin', 'etxe liburua mendi haur'],
    ['catalan', 'cançons ciutats parlaven nacional', 'cançon ciut parl nacion'],
    ['danish', 'husene bøgerne kvinderne skrivende', 'hus bøg kvind skriv'],
    ['dutch', 'lichamelijkheden huizen schrijvende opgaven', 'licham huiz schrijvend opgav'],
    ['finnish', 'taloissa kirjoja kaupungeissa puhuvat', 'talo kirj kaupung puhuv'],
    ['french', 'continuellement nationales mangeaient maisons', 'continuel national mang maison'],
    ['german', 'kindern gärten spielten schönheiten', 'kind gart spielt schonheit'],
    ['greek', 'σπίτια γυναικών μαθήματα ανθρώπους', 'σπιτ γυναικ μαθημ ανθρωπ'],
    ['hindi', 'लड़कियों किताबें लिखूंगा', 'लड़क किताब लिख'],
    ['hungarian', 'asztalok házakban könyveket beszéltek', 'asztal ház könyv beszélt'],
    ['indonesian', 'membelajarkan kemerdekaan bukunya', 'ajar merdeka buku'],
    ['irish', 'leabhar bhfear daoine thithe', 'leabhar fear daoine tithe'],
    ['italian', 'abbandonata canzoni parlavano nazionale', 'abbandon canzon parl nazional'],
    ['lithuanian', 'knygomis namuose kalbėjome', 'knyg nam kalb'],
    ['nepali', 'घरहरूमा किताबहरू मानिसलाई', 'घर किताब मानिस'],
    ['norwegian', 'husene bøkene jentene skrivende', 'hus bøk jent skriv'],
    ['portuguese', 'trabalhadores canções falavam nacional', 'trabalh cançõ fal nacional'],
    ['romanian', 'copiilor orașele vorbeau nationale', 'cop oraș vorb national'],
    ['russian', 'важные книгами говорили красивейший', 'важн книг говор красив'],
    ['serbian', 'knjigama gradovima čitali', 'knjig gradov čita'],
    ['spanish', 'niñas cantaban canciones nacionalidad', 'niñ cant cancion nacional'],
    ['swedish', 'flickorna böckerna skrivande husen', 'flick böck skriv hus'],
    ['tamil', 'புத்தகங்கள் வீடுகளில் எழுதினார்கள்', 'புத்தகம் வீடு எழுதி'],
    ['yiddish', 'ביכער קינדער געשריבן', 'ביכ קינד שרײב'],
    ['turkish', 'evlerde kitaplarımız çocuklar gözlükçü', 'ev kitap çocuk gözlükçü'],
  ])('are right in %s', (language, words, stems) => {
    const stem = new Stemmers().for(languageNumber(language))!
    expect(words.split(' ').map(stem).join(' ')).toBe(stems)
  })
})

describe('Chinese words', () => {
  it('cuts text without spaces and names the places', () => {
    const text = Buffer.from('我们喜欢在北京学习Chinese中文')
    const words = new ChineseWords().cut(text, DEFAULT_STOP_WORDS)
    expect(words.map(word => word.text.toString())).toContain('北京')
    expect(words.map(word => word.text.toString())).toContain('chinese')
    for (const word of words)
      expect(text.toString('utf8', word.start, word.end).toLowerCase()).toBe(word.text.toString())
  })

  it('handles long texts in pieces', () => {
    const text = Buffer.from('我们喜欢学习。'.repeat(2000))
    const words = new ChineseWords().cut(text, null)
    expect(words.filter(word => word.text.toString() === '学习').length).toBe(2000)
  })
})

describe('synonyms', () => {
  it('finds the groups of a word in any case', () => {
    const synonyms = new Synonyms()
    const find = (word: string) => synonyms.find(Buffer.from(word), 0, word.length)
    expect(find('boy')).toBe(null)
    synonyms.add(Buffer.from('g1'), [Buffer.from('BOY'), Buffer.from('lad')])
    synonyms.add(Buffer.from('g2'), [Buffer.from('Lad')])
    synonyms.add(Buffer.from('g1'), [Buffer.from('lad')])
    expect(find('boy')).toEqual(['g1'])
    expect(find('lad')).toEqual(['g1', 'g2'])
    expect(find('girl')).toBe(null)
  })
})
