import { expect, test } from 'vitest'

import { showIn } from '@/state/display'
import { valueText } from './values'

test('a position is written with how sure the device was', () => {
  expect(valueText({ lat: 39.123456, lon: 107.98765, accuracy_m: 12.4 })).toBe('39.12346, 107.98765 · ± 12 m')
})

test('a place is written by its name and its distance', () => {
  showIn('zh')
  expect(valueText({ name: { zh: '东湖' }, distance_km: 42.5 })).toBe('东湖 · 离派出所 42.5 公里')
})

test('a removed value is written as nothing, and nothing is written as text that it is not', () => {
  expect(valueText(null)).toBe('')
  expect(valueText(0)).toBe('0')
  expect(valueText({ of_next_year: 1 })).toBe('{"of_next_year":1}')
})

test('narrow spaces of Mongolian stay in a text', () => {
  const text = 'ᠭᠠᠷ\u202Fᠤᠨ'
  expect(valueText(text)).toBe(text)
})

test('hours and moments are told by the clock that hung there, without seconds and zones', () => {
  showIn('zh')
  expect(valueText('14:30:00.000+08:00')).toBe('14:30')
  expect(valueText('2025-11-27T07:45:00.000+08:00')).toBe('2025年11月27日 07:45')
  expect(valueText('14:30')).toBe('14:30')
})
