import { describe, expect, it } from 'vitest'

import cyrillic from '../words/mn-Cyrl.json'
import mongol from '../words/mn-Mong.json'
import review from '../words/review.json'
import chinese from '../words/zh-Hans.json'
import { words } from '../words'

const SLOT = /\{\w+\}/g

describe('what the form itself says', () => {
  it.each([
    ['mn-Mong', mongol],
    ['mn-Cyrl', cyrillic],
  ] as const)('is either translated to %s with a source, or listed as not translated', (language, texts) => {
    const { translated, untranslated } = review[language]
    expect(Object.keys(translated).sort()).toEqual(Object.keys(texts).sort())
    expect([...Object.keys(translated), ...untranslated].sort()).toEqual(Object.keys(chinese).sort())
  })

  it('fills the same gaps in every language', () => {
    for (const texts of [mongol, cyrillic]) {
      for (const [key, text] of Object.entries(texts)) {
        expect(text.match(SLOT) ?? [], key).toEqual(chinese[key as keyof typeof chinese].match(SLOT) ?? [])
      }
    }
  })

  it('is written in its own script', () => {
    for (const [key, text] of Object.entries(mongol)) {
      expect(text.replace(SLOT, ''), key).toMatch(/^[\u1800-\u180E\u1820-\u1842\u1887\u1888\u202F ()/]+$/)
      // A suffix is held to its word by a narrow no-break space; a vowel separator stands before a final vowel.
      expect(text, key).not.toMatch(/[ \u202F]{2}|\u180E(?![\u1820\u1821])/)
    }
  })

  it('comes in all languages at once, empty where there is none', () => {
    expect(words('missing', { n: 3 })).toMatchObject({ zh: '还有 3 处要填', cyrl: '3 асуулт дутуу байна' })
    expect(words('openFailed').mong).toBe('')
  })
})
