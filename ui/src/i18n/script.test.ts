import { expect, test } from 'vitest'

import { hasMongolian, runsOf } from './script'

test('a text with Mongolian in it is known, one without is not', () => {
  expect(hasMongolian('ᠦᠷ᠎ᠡ ᠳ᠋ᠦᠩ')).toBe(true)
  expect(hasMongolian('李明 · 3 ᠥᠷᠦᠬᠡ')).toBe(true)
  expect(hasMongolian('住户')).toBe(false)
  expect(hasMongolian('13800000001')).toBe(false)
})

test('of a Mongolian text Chinese and short figures are set apart, and every byte stays', () => {
  const text = '2026 ᠣᠨ 11 ᠰᠠᠷ\u180Eᠠ 3 ᠡᠳᠦᠷ 09:15 白音\u202Fᠤᠨ 13800000001'
  const runs = runsOf(text)
  expect(runs.map((run) => run.text).join('')).toBe(text)
  expect(runs.filter(({ kind }) => kind === 'figure').map((run) => run.text)).toEqual(['11', '3'])
  expect(runs.filter(({ kind }) => kind === 'han').map((run) => run.text)).toEqual(['白音'])
})
