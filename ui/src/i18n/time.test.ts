import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import type { Day } from '@/api/bindings/Day'
import type { Instant } from '@/api/bindings/Instant'
import { showIn } from '@/state/display'
import { NOW } from '@/testing/people'
import { dayText, daysBetween, figure, momentText, sizeText, spanOf, todayHere } from './time'

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

test('vertical Mongolian has dates in figures alone', () => {
  showIn('mn-Mong')
  expect(dayText('2026-03-01' as Day)).toBe('2026-03-01')
  expect(momentText(NOW)).toBe('2026-11-23 09:15')
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
