import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { describe, expect, test } from 'vitest'

import type { Code } from '@/api/bindings/Code'
import { showIn } from '@/state/display'
import { adviceOf, sentenceOf } from './refusal'

// The list is generated from the core's one table of codes.
const CODES = [
  ...readFileSync(resolve(import.meta.dirname, '../api/bindings/Code.ts'), 'utf8').matchAll(/"([a-z_]+)"/g),
].map(([, code]) => code as Code)

const SENTENCES = {
  zh: /\p{Script=Han}.*。$/u,
  'mn-Mong': /\p{Script=Mongolian}.*᠃$/u,
  'mn-Cyrl': /\p{Script=Cyrillic}.*\.$/u,
  en: /^\p{Lu}[^\p{Script=Han}]*\.$/u,
}

describe.each(['zh', 'mn-Mong', 'mn-Cyrl', 'en'] as const)('in %s', (mode) => {
  test('every code has a sentence of its own', () => {
    showIn(mode)
    expect(CODES.length).toBeGreaterThan(30)
    const sentences = CODES.map((code) => sentenceOf({ code }))
    for (const [index, sentence] of sentences.entries()) expect(sentence, CODES[index]).toMatch(SENTENCES[mode])
    expect(new Set(sentences).size).toBe(CODES.length)
  })

  test('what to do now is said wherever it is not plain', () => {
    showIn(mode)
    const plain: Code[] = [
      'form_sealed',
      'no_printer',
      'revision_known',
      'body_gone',
      'wrong_pin',
      'pin_delayed',
      'pin_too_weak',
      'already_enrolled',
      'not_found',
      'record_erased',
      'sync_running',
      'sync_stopped',
    ]
    expect(CODES.filter((code) => adviceOf({ code }) === '')).toEqual(expect.arrayContaining(plain))
    expect(CODES.filter((code) => adviceOf({ code }) === '')).toHaveLength(plain.length)
  })
})

test('a delay says how long', () => {
  showIn('zh')
  expect(sentenceOf({ code: 'pin_delayed', wait_ms: 61_000 })).toContain('61 秒')
})

test('of two programs that do not understand each other the older one is to be updated', () => {
  showIn('zh')
  expect(adviceOf({ code: 'protocol_unknown', older: 'tablet' })).toContain('更新这台平板')
  expect(adviceOf({ code: 'protocol_unknown', older: 'station' })).toContain('更新服务器')
})
