// What a form says, in the languages that can stand on one screen.
//
// The engine evaluates one translation at a time. Ours holds all languages (see `languages.ts`), parted by U+2063; here
// its chunks are put back into one text for each language. Text is never trimmed or folded with `\s`, which would eat the
// narrow no-break spaces (U+202F) that bind Mongolian suffixes.

import type { DisplayMode } from '@/state/display'

/** One text in every language of the interface; empty where nobody has written it. */
export interface Texts {
  zh: string
  mong: string
  cyrl: string
  en: string
}

/** A piece of text as the engine hands it over. */
export interface Chunk {
  readonly source: string
  readonly asString: string
}

/** Parts the languages within one text; refused in forms by the lint. */
export const PART = '\u2063'

/** The order of the languages within one merged text. */
export const LANGUAGES = ['zh', 'mong', 'cyrl', 'en'] as const

export const NO_TEXTS: Texts = { zh: '', mong: '', cyrl: '', en: '' }

/** A text that nobody has to translate, such as a number; it stands where the Chinese would. */
export function onlyText(text: string): Texts {
  return { ...NO_TEXTS, zh: text }
}

/** Puts the chunks of a merged text back into one text for each language. */
export function textsOf(chunks: Iterable<Chunk>): Texts {
  const parts = LANGUAGES.map(() => '')
  let at = 0
  for (const chunk of chunks) {
    const pieces = chunk.asString.split(PART)
    if (chunk.source === 'output') {
      parts[at] = (parts[at] ?? '') + outputIn(pieces, at)
      continue
    }
    pieces.forEach((piece, index) => {
      if (index > 0) at = Math.min(at + 1, LANGUAGES.length - 1)
      parts[at] = (parts[at] ?? '') + piece
    })
  }
  const [zh = '', mong = '', cyrl = '', en = ''] = parts.map(written)
  return { zh, mong, cyrl, en }
}

// An output may itself be a merged text: `jr:choice-name()` of a choice that has all languages. A name that is written in
// one language only stands in the others too.
function outputIn(pieces: readonly string[], at: number): string {
  if (pieces.length < LANGUAGES.length) return pieces.join('')
  const own = pieces[at] ?? ''
  return (own === '' ? (pieces[0] ?? '') : own) + pieces.slice(LANGUAGES.length).join('')
}

/** What is left of a merged text that got into an answer (the name of a choice from a list): its Chinese. */
export function inChinese(text: string): string {
  if (!text.includes(PART)) return text
  return text.replace(/\u2063(?:[^\u2063<]*\u2063){3}/g, '').replaceAll(PART, '')
}

/** Cuts the layout white space of the XML file, and pyxform's dash for "not translated". */
function written(text: string): string {
  const cut = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')
  return cut === '-' ? '' : cut
}

/** The one text a reader of a single language gets; Chinese where the own language is not written. */
export function textIn(texts: Texts, mode: DisplayMode): { text: string; lang: string } {
  if (mode === 'mn-Mong' && texts.mong !== '') return { text: texts.mong, lang: 'mn-Mong' }
  if (mode === 'mn-Cyrl' && texts.cyrl !== '') return { text: texts.cyrl, lang: 'mn-Cyrl' }
  if (mode === 'en' && texts.en !== '') return { text: texts.en, lang: 'en' }
  return { text: texts.zh, lang: 'zh-Hans' }
}

/** Whether anything is written in any language. */
export function isWritten(texts: Texts): boolean {
  return texts.zh !== '' || texts.mong !== '' || texts.cyrl !== '' || texts.en !== ''
}

/** Whether the first letter of a text is of the traditional Mongolian script, which is written from top to bottom. */
export function isMongolScript(text: string): boolean {
  const letter = /\p{L}/u.exec(text)
  return letter !== null && /[\u1820-\u18AA]/u.test(letter[0])
}

/** Whether a text holds a variation selector, which asks a Mongolian letter for another of its forms. */
export function hasSelector(text: string): boolean {
  return /[\u180B-\u180D\u180F]/.test(text)
}
