// Do the words of the interface hold together: every key in every language, the same gaps, nothing invented, only letters
// that belong, nothing said that has no key and no key that is never said.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, test } from 'vitest'

import english from './en.json'
import { TAGS } from './icu'
import cyrillic from './mn-Cyrl.json'
import mongol from './mn-Mong.json'
import review from './review.json'
import chinese from './zh-Hans.json'

interface Tree {
  [key: string]: string | Tree
}
interface Told {
  source: string
  review: string
}
type Element = ReturnType<InstanceType<typeof IntlMessageFormat>['getAst']>[number]

// What the parser calls the parts of a text.
const LITERAL = 0
const ARGUMENT = 1
const NUMBER = 2

// Letters, marks and punctuation of the Hudum script, its joiners, figures, and the signs both scripts share.
const MONGOLIAN_TEXT = /^(?:[\u1800-\u180A\u180B-\u180F\u1820-\u1842\u1887\u1888\u202F]|[()/.?《》°-]|\d| (?! )|km|MB|PDF)+$/u
const CYRILLIC_TEXT = /^(?:[\p{Script=Cyrillic}]|[\p{P}\p{N} °]|QR|PDF|Wi-Fi|ailchin|白音|baiyin|by)+$/u
const ENGLISH_TEXT = /^(?:[\p{Script=Latin}]|[\p{P}\p{N} =°]|白音)+$/u

const SRC = resolve(import.meta.dirname, '..')
const PACK = resolve(SRC, '../../packs/anmulong')

const zh = leaves(chinese)
const mong = leaves(mongol)
const LANGUAGES = {
  'mn-Mong': { texts: mong, allowed: MONGOLIAN_TEXT, tags: TAGS['mn-Mong'] },
  'mn-Cyrl': { texts: leaves(cyrillic), allowed: CYRILLIC_TEXT, tags: TAGS['mn-Cyrl'] },
  en: { texts: leaves(english), allowed: ENGLISH_TEXT, tags: TAGS.en },
}

describe.each(Object.entries(LANGUAGES))('%s', (_, { texts, allowed, tags }) => {
  test('has every text and no other', () => {
    expect([...texts.keys()]).toEqual([...zh.keys()])
  })

  test('has only characters of its language, and no empty text', () => {
    for (const [key, text] of texts) expect(words(text, tags), key).toMatch(allowed)
  })

  test('has no text that is still Chinese', () => {
    for (const [key, text] of texts) if (/\p{L}/u.test(words(zh.get(key) ?? '', TAGS['zh-Hans']))) expect(text, key).not.toBe(zh.get(key))
  })

  test('has in every text the gaps of its Chinese, of the same kind', () => {
    for (const [key, text] of texts) expect(gaps(text, tags), key).toEqual(gaps(zh.get(key) ?? '', TAGS['zh-Hans']))
  })
})

test('a plural of English has one and many, and a plural of a language without any has no forms', () => {
  const plurals = [...LANGUAGES.en.texts].filter(([, text]) => text.includes('plural'))
  expect(plurals.length).toBeGreaterThan(30)
  for (const [key, text] of plurals) expect(text.match(/\bone \{/g)?.length, key).toBe(text.match(/\bother \{/g)?.length)
  for (const texts of [zh, mong, LANGUAGES['mn-Cyrl'].texts]) expect([...texts.values()].join('')).not.toContain('plural')
})

describe.each(['mn-Mong', 'mn-Cyrl'] as const)('what is known of the texts in %s', (language) => {
  const told: Record<string, Told> = review[language].translated

  test('is told of every text; none is left untranslated', () => {
    expect(Object.keys(told)).toEqual([...zh.keys()])
    expect(review[language].untranslated).toEqual([])
  })

  test('is where it comes from and whether a person has read it', () => {
    for (const [key, { source, review: state }] of Object.entries(told)) {
      expect(source, key).toMatch(/^(?:composed|(?:glossary|form):[a-z_]+)$/)
      expect(['unreviewed', 'reviewed'], key).toContain(state)
    }
  })
})

test('a Mongolian text that says it is from the glossary is, byte for byte', () => {
  const glossary = new Map(readGlossary().map(([term, , mongolian]) => [term, mongolian]))
  for (const [key, { source }] of Object.entries<Told>(review['mn-Mong'].translated)) {
    const term = /^glossary:(.+)$/.exec(source)?.[1]
    if (term !== undefined) expect(mong.get(key), key).toBe(glossary.get(term))
  }
})

test('a Mongolian text that says it is from a form is in that form, byte for byte', () => {
  for (const [key, { source }] of Object.entries<Told>(review['mn-Mong'].translated)) {
    const form = /^form:(.+)$/.exec(source)?.[1]
    if (form === undefined) continue
    const xform = readFileSync(resolve(PACK, `forms/${form}.xml`), 'utf8')
    expect(xform, key).toContain(`<value>${mong.get(key) ?? ''}</value>`)
  }
})

test('a vowel separator stands before a last vowel, a suffix hangs on a word', () => {
  for (const [key, text] of mong) expect(text, key).not.toMatch(/\u180E(?![\u1820\u1821](?![\u1820-\u1842]))|(?<![\u180B-\u180D\u1820-\u1842》])\u202F|\u202F(?![\u1820-\u1842])/)
})

test('a text from outside the script is noticed', () => {
  expect('ᠥᠨᠦᠳᠦᠷ').toMatch(MONGOLIAN_TEXT)
  expect('今天').not.toMatch(MONGOLIAN_TEXT)
  expect('өнөөдөр').not.toMatch(MONGOLIAN_TEXT)
  expect('ᠥᠷᠦᠬᠡ  ᠬᠠᠶᠢᠬᠤ').not.toMatch(MONGOLIAN_TEXT)
})

test('the glossary has every term once, in every language, with its source and review state', () => {
  const lines = readGlossary()
  for (const line of lines) {
    expect(line, line[0]).toHaveLength(7)
    const [key = '', chineseTerm = '', mongolian = '', cyrillicTerm = '', englishTerm = '', source, state] = line
    expect(key).toMatch(/^[a-z_0-9]+$/)
    expect(chineseTerm, key).toMatch(/\p{Script=Han}/u)
    expect(mongolian, key).toMatch(MONGOLIAN_TEXT)
    expect(cyrillicTerm, key).toMatch(CYRILLIC_TEXT)
    expect(englishTerm, key).toMatch(/^[\p{Script=Latin}\p{N}\p{P} ]+$/u)
    expect(source, key).toMatch(/^[a-z_]+$/)
    expect(['unreviewed', 'reviewed'], key).toContain(state)
  }
  const keys = lines.map(([key]) => key)
  expect(keys).toEqual([...new Set(keys)])
})

describe('what is said in the program', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(?:vue|ts)$/.test(path) && !/^(?:form\/tests|testing|api)\/|\.test\.ts$/.test(path))
    .map((path) => ({ path, text: readFileSync(join(SRC, path), 'utf8') }))
  const said = files.map(({ text }) => text).join('\n')

  test('has a key for everything, and a use for every key', () => {
    const groups = [...said.matchAll(/[`'](?<group>[a-zA-Z]+(?:\.[a-zA-Z]+)*)\.\$\{/g)].map(({ groups: found }) => `${found?.['group'] ?? ''}.`)
    const looked = ['answer.', 'caseState.', 'caseType.', 'choice.', 'field.', 'grade.', 'kind.', 'level.', 'outcome.', 'role.', 'season.']
    const keys = [...said.matchAll(/(?:'|\s(?:of|title|lead|none)=")([a-z][a-zA-Z]*(?:\.[a-zA-Z_]+)+)['"]/g)].map(([, key]) => key ?? '')
    const heads = new Set([...zh.keys()].map((key) => key.split('.')[0]))
    // `answer.…` is also what a form calls its fields.
    const meant = keys.filter((key) => heads.has(key.split('.')[0]) && !key.startsWith('answer.'))
    expect(meant.filter((key) => !zh.has(key))).toEqual([])
    const unused = [...zh.keys()].filter((key) => !keys.includes(key) && ![...groups, ...looked].some((group) => key.startsWith(group)))
    expect(unused).toEqual([])
  })

  test.each(files.filter(({ path }) => path.endsWith('.vue')))('is not written in the template of $path', ({ text }) => {
    const template = /<template>([^]*)<\/template>/.exec(text)?.[1] ?? ''
    const shown = template
      .replace(/<!--[^]*?-->/g, '')
      .replace(/\{\{[^]*?\}\}/g, '')
      .replace(/<(?:[^>"']|"[^"]*"|'[^']*')*>/g, '')
    expect(shown.match(/\p{L}+/gu) ?? []).toEqual([])
    expect(template.match(/(?<![:\w-])(?:aria-label|placeholder|title|alt)="[^"]*[\p{Script=Han} ][^"]*"/gu) ?? []).toEqual([])
  })
})

function readGlossary(): string[][] {
  const [, ...lines] = readFileSync(resolve(PACK, 'glossary.csv'), 'utf8').trimEnd().split('\n')
  return lines.map((line) => line.split(','))
}

function leaves(tree: Tree, above = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(above + key, value)
    else for (const [below, text] of leaves(value, `${above}${key}.`)) found.set(below, text)
  }
  return found
}

function parsed(text: string, tags: string[]): Element[] {
  return new IntlMessageFormat(text, tags, undefined, { ignoreTag: true }).getAst()
}

/** What a text says by itself, in all its forms, with a nought in its gaps. */
function words(text: string, tags: string[]): string {
  const said = (elements: readonly Element[]): string =>
    elements
      .map((element) => {
        if ('options' in element) return Object.values(element.options).map((option) => said(option.value)).join('')
        return 'value' in element && (element.type as number) === LITERAL ? element.value : '0'
      })
      .join('')
  return said(parsed(text, tags))
}

/** The gaps of a text and what fills them: text, or a number that is written or counted. */
function gaps(text: string, tags: string[]): string[] {
  const found = new Set<string>()
  const look = (elements: readonly Element[]): void => {
    for (const element of elements) {
      if ('options' in element) {
        found.add(`${element.value} number`)
        for (const option of Object.values(element.options)) look(option.value)
      } else if ('value' in element && (element.type as number) === ARGUMENT) found.add(`${element.value} text`)
      else if ('value' in element && (element.type as number) === NUMBER) found.add(`${element.value} number`)
    }
  }
  look(parsed(text, tags))
  return [...found].sort()
}
