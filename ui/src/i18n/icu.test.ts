import { expect, test } from 'vitest'

import { t } from '.'

test('English counts one and many', () => {
  expect(t('waiting.records', { n: 1 }, 'en')).toBe('1 record')
  expect(t('waiting.records', { n: 1_234 }, 'en')).toBe('1,234 records')
  expect(t('households.found', { n: 0 }, 'en')).toBe('No household found')
})

test('Chinese and Mongolian write a number without a plural', () => {
  expect(t('waiting.records', { n: 1_234 }, 'zh-Hans')).toBe('1,234 条记录')
  expect(t('waiting.records', { n: 1_234 }, 'mn-Cyrl')).toBe('1,234 тэмдэглэл')
  expect(t('waiting.records', { n: 1_234 }, 'mn-Mong')).toBe('1,234 ᠲᠡᠮᠳᠡᠭᠯᠡᠯ')
})

test('a text is no markup and no program', () => {
  expect(t('households.none', { query: '<b>{n}</b>' }, 'zh-Hans')).toBe('没有找到“<b>{n}</b>”')
})
