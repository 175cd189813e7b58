import { expect, test } from 'vitest'

import { isMongolian } from './script'

test('only a text that is Mongolian throughout is laid on its side', () => {
  expect(isMongolian('ᠦᠷ᠎ᠡ ᠳ᠋ᠦᠩ')).toBe(true)
  expect(isMongolian('3 ᠥᠷᠦᠬᠡ')).toBe(true)
  expect(isMongolian('ᠥᠷᠦᠬᠡ 住户')).toBe(false)
  expect(isMongolian('13800000001')).toBe(false)
})
