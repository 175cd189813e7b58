import { expect, test } from 'vitest'

import { LARGEST_FILE_BYTES } from '../pictures'
import { wave, WAVE_SECONDS } from '../wave'

test('a recording that nothing compresses is a WAV file that every player knows', async () => {
  const sound = wave([Float32Array.of(0, 0.5), Float32Array.of(-1, 3)])
  expect(sound.type).toBe('audio/wav')
  const bytes = new DataView(await sound.arrayBuffer())
  const text = (at: number) => String.fromCharCode(...[0, 1, 2, 3].map((n) => bytes.getUint8(at + n)))
  expect([text(0), text(8), text(36)]).toEqual(['RIFF', 'WAVE', 'data'])
  expect(bytes.getUint32(4, true)).toBe(bytes.byteLength - 8)
  expect(bytes.getUint32(24, true)).toBe(8_000)
  expect(bytes.getUint32(40, true)).toBe(8)
  expect([0, 1, 2, 3].map((n) => bytes.getInt16(44 + 2 * n, true))).toEqual([0, 16_384, -32_767, 32_767])
})

test('the longest one is a file that a tablet keeps', () => {
  expect(44 + WAVE_SECONDS * 8_000 * 2).toBeLessThanOrEqual(LARGEST_FILE_BYTES)
})
