import { expect, test } from 'vitest'

import { blockHeight } from './columns'
import { layRule, pageRule, pageSize } from './sheet'
import type { Paper } from './sheet'

const rule = (paper: Paper, height: number) => pageRule(paper, pageSize(paper, height))

test('a roll is 80 mm wide and a little longer than what stands on it', () => {
  const long = /size: 80mm (\d+)mm/.exec(rule('roll', 960))?.[1]
  expect(Number(long)).toBeGreaterThan(254)
  expect(Number(long)).toBeLessThan(260)
  expect(rule('roll', 10)).toContain('80mm 80mm')
  expect(rule('roll', 1e6)).toContain('80mm 3000mm')
})

test('a sheet is A4, and its pages are counted', () => {
  expect(rule('a4', 4000)).toMatch(/size: 210mm 297mm.*counter\(pages\)/)
})

test('a rule lies over the page until it is lifted', () => {
  const before = document.adoptedStyleSheets.length
  const lift = layRule(rule('a4', 0))
  expect(document.adoptedStyleSheets).toHaveLength(before + 1)
  lift()
  expect(document.adoptedStyleSheets).toHaveLength(before)
})

test('Mongolian is as low as its columns allow, and no lower than its longest word', () => {
  const text = 'ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ '.repeat(40).trim()
  expect(blockHeight([text.repeat(20)], 14, 58)).toBeLessThan(60)
  const wide = blockHeight([text], 14, 700)
  const narrow = blockHeight([text], 7, 700)
  expect(narrow).toBeGreaterThan(wide * 1.6)
  expect(blockHeight(['ᠠ'.repeat(30)], 14, 700)).toBeGreaterThan(15)
  expect(blockHeight(['ᠠ', 'ᠠ'], 1, 700)).toBe(blockHeight(['ᠠ'], 14, 700))
})
