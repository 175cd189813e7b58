import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Day } from '@/api/bindings/Day'
import type { Instant } from '@/api/bindings/Instant'
import { showIn } from '@/state/display'
import { NOW } from '@/testing/people'
import { dayText, daysBetween, figure, longDayText, momentText, sizeText, spanOf, todayHere } from './time'

beforeEach(() => {
  vi.useFakeTimers({ now: NOW })
  showIn('zh')
})
afterEach(() => {
  vi.useRealTimers()
})

test('an instant is written in the time of China, whatever the zone of the tablet', () => {
  expect(momentText(Date.parse('2026-11-22T17:05:00Z') as Instant)).toBe('11月23日 01:05')
})

test('the year is written only when it is another', () => {
  expect(dayText('2026-03-01' as Day)).toBe('3月1日')
  expect(dayText('2025-03-01' as Day)).toBe('2025年3月1日')
})

test('vertical Mongolian has its own words for year, month and day', () => {
  showIn('mn-Mong')
  expect(dayText('2026-03-01' as Day)).toBe('3 ᠰᠠᠷ\u180Eᠠ 1 ᠡᠳᠦᠷ')
  expect(dayText('2025-03-01' as Day)).toBe('2025 ᠣᠨ 3 ᠰᠠᠷ\u180Eᠠ 1 ᠡᠳᠦᠷ')
  expect(momentText(NOW)).toBe('11 ᠰᠠᠷ\u180Eᠠ 23 ᠡᠳᠦᠷ 09:15')
  expect(longDayText('2026-11-23' as Day)).toBe('2026 ᠣᠨ 11 ᠰᠠᠷ\u180Eᠠ 23 ᠡᠳᠦᠷ')
})

test.each([
  ['mn-Cyrl', '2026 оны', 'гараг'],
  ['en', 'November 23, 2026', 'Monday'],
] as const)('in %s days are written as its readers write them', (mode, year, weekday) => {
  showIn(mode)
  expect(momentText(NOW)).toContain('09:15')
  expect(longDayText('2026-11-23' as Day)).toContain(year)
  expect(longDayText('2026-11-23' as Day)).toContain(weekday)
  expect(dayText('2026-03-01' as Day)).not.toContain('2026')
})

test('an engine without Mongolian, as Chromium is, writes Cyrillic dates nevertheless', () => {
  vi.spyOn(Intl.DateTimeFormat, 'supportedLocalesOf').mockReturnValue([])
  showIn('mn-Cyrl')
  expect(momentText(NOW)).toBe('11-р сарын 23 09:15')
  expect(longDayText('2026-11-23' as Day)).toBe('2026 оны 11-р сарын 23')
})

test('today is the day in China', () => {
  vi.setSystemTime(Date.parse('2026-11-23T17:00:00Z'))
  expect(todayHere()).toBe('2026-11-24')
})

test('days are counted across months and years', () => {
  expect(daysBetween('2026-12-31' as Day, '2027-01-01' as Day)).toBe(1)
  expect(daysBetween('2026-03-01' as Day, '2026-02-28' as Day)).toBe(-1)
})

describe('a span', () => {
  test.each([
    [0, '0 秒'],
    [1, '1 秒'],
    [119_001, '2 分钟'],
    [-5_400_000, '90 分钟'],
    [86_400_000, '24 小时'],
    [172_800_000, '2 天'],
  ])('of %i ms is %s, never shorter than it is', (ms, words) => {
    expect(spanOf(ms)).toBe(words)
  })
})

test('sizes and figures are written so that they can be read aloud', () => {
  expect([0, 400, 52_000, 3_400_000, 284_000_000].map(sizeText)).toEqual(['0 kB', '1 kB', '52 kB', '3.4 MB', '284 MB'])
  expect(figure(18_240)).toBe('18,240')
})
