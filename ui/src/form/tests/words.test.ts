import { describe, expect, it } from 'vitest'

import { dayTexts, monthTexts, WEEKDAYS, yearTexts } from '../days'
import { areaTexts, lengthTexts } from '../measures'
import { textIn } from '../texts'
import { words } from '../words'

describe('what the form itself says', () => {
  it('comes in all languages at once, each counting in its own way', () => {
    expect(words('fill.missing', { n: 3 })).toEqual({
      zh: '还有 3 处要填',
      mong: 'ᠳᠤᠲᠠᠭᠤ 3',
      cyrl: '3 асуулт дутуу байна',
      en: '3 answers are missing',
    })
    expect(words('fill.missing', { n: 1 }).en).toBe('1 answer is missing')
    expect(words('fill.inMonths', { n: 1 }).en).toBe('In 1 month')
  })

  it('is the same text every time where nothing is filled in', () => {
    expect(words('fill.saved')).toBe(words('fill.saved'))
  })

  it('tells measures and days in every language', () => {
    for (const texts of [lengthTexts(12.5), lengthTexts(12_500), ...areaTexts(1334), dayTexts('2026-11-22'), monthTexts({ year: 2026, month: 11 }), yearTexts(2026), ...WEEKDAYS]) {
      for (const text of Object.values(texts)) expect(text).not.toBe('')
      expect(textIn(texts, 'en').text).not.toMatch(/\p{Script=Han}/u)
    }
    expect(areaTexts(1334)[1].en).toBe('2.00 mu')
    expect(dayTexts('2026-11-22').en).toBe('Sunday, November 22, 2026')
  })
})
