// Do the words of the interface hold together: every key in every language, nothing invented, only letters that belong.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { describe, expect, test } from 'vitest'

import cyrillic from './mn-Cyrl.json'
import mongol from './mn-Mong.json'
import review from './review.json'
import chinese from './zh-Hans.json'

interface Tree {
  [key: string]: string | Tree
}

const PACK = resolve(import.meta.dirname, '../../../packs/anmulong')
// Letters, marks and punctuation of the traditional script, its joiners, placeholders, and the signs both scripts share.
const MONGOLIAN_TEXT = /^(?:[\u1800-\u180F\u1820-\u1878\u202F]|\{[a-zA-Z]+\}| (?! )|[()/,.?!]|km)+$/u
const CYRILLIC_TEXT = /^(?:[\p{Script=Cyrillic}]|\{[a-zA-Z]+\}|[\p{P}\p{N} ]|QR|ailchin|白音|baiyin|by)+$/u

const zh = leaves(chinese)
const languages = {
  'mn-Mong': { texts: leaves(mongol), review: review['mn-Mong'], allowed: MONGOLIAN_TEXT },
  'mn-Cyrl': { texts: leaves(cyrillic), review: review['mn-Cyrl'], allowed: CYRILLIC_TEXT },
}

describe.each(Object.entries(languages))('%s', (_, { texts, review: state, allowed }) => {
  const translated = state.translated as Record<string, { source: string; review: string }>

  test('every key is either translated with its review state or listed as untranslated', () => {
    expect([...texts.keys()].sort()).toEqual(Object.keys(translated).sort())
    expect([...texts.keys(), ...state.untranslated].sort()).toEqual([...zh.keys()].sort())
  })

  test('every review state is one of the two there are', () => {
    for (const { review: state } of Object.values(translated)) expect(['unreviewed', 'reviewed']).toContain(state)
  })

  test('no text is empty and every text has only characters of its language', () => {
    for (const [key, text] of texts) expect(text, key).toMatch(allowed)
  })

  test('every text has the placeholders of its Chinese', () => {
    for (const [key, text] of texts) expect(placeholders(text), key).toEqual(placeholders(zh.get(key) ?? ''))
  })
})

test('a Mongolian text that says it is from the glossary is, byte for byte', () => {
  const glossary = new Map(
    readFileSync(resolve(PACK, 'glossary.csv'), 'utf8')
      .split('\n')
      .map((line) => line.split(','))
      .map(([term, , mong]) => [term, mong]),
  )
  for (const [key, { source }] of Object.entries(review['mn-Mong'].translated)) {
    const term = /^glossary:(.+)$/.exec(source)?.[1]
    if (term !== undefined) expect(languages['mn-Mong'].texts.get(key), key).toBe(glossary.get(term))
  }
})

test('a Mongolian text that says it is from a form is in that form, byte for byte', () => {
  for (const [key, { source }] of Object.entries(review['mn-Mong'].translated)) {
    const form = /^form:(.+)$/.exec(source)?.[1]
    if (form === undefined) continue
    const xform = readFileSync(resolve(PACK, `forms/${form}.xml`), 'utf8')
    expect(xform, key).toContain(`<value>${languages['mn-Mong'].texts.get(key) ?? ''}</value>`)
  }
})

test('a text from outside the script is noticed', () => {
  expect('ᠥᠨᠦᠳᠦᠷ').toMatch(MONGOLIAN_TEXT)
  expect('今天').not.toMatch(MONGOLIAN_TEXT)
  expect('өнөөдөр').not.toMatch(MONGOLIAN_TEXT)
  expect('ᠥᠷᠦᠬᠡ  ᠬᠠᠶᠢᠬᠤ').not.toMatch(MONGOLIAN_TEXT)
})

function leaves(tree: Tree, above = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(above + key, value)
    else for (const [below, text] of leaves(value, `${above}${key}.`)) found.set(below, text)
  }
  return found
}

function placeholders(text: string): string[] {
  return (text.match(/\{[a-zA-Z]+\}/g) ?? []).sort()
}
