// Does every style keep the promises of the look: runs in any writing direction, readable in sunlight, thumb-sized.
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { describe, expect, test } from 'vitest'

const SRC = resolve(import.meta.dirname, '..')
const STYLES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(vue|css)$/.test(path))
  .map((path) => ({ path, css: cssOf(join(SRC, path)) }))

const PHYSICAL =
  /^\s*(?:(?:min-|max-)?(?:width|height)|top|right|bottom|left|(?:margin|padding|border)-(?:top|right|bottom|left)(?:-[a-z]+)?|border-(?:top|bottom)-(?:left|right)-radius|float|text-align:\s*(?:left|right))\b.*/gm
const PHYSICAL_SHORTHAND = /^\s*(?:margin|padding|inset|border-width|border-radius|scroll-padding|scroll-margin):(?<sides>[^;]+);/gm

describe.each(STYLES)('$path', ({ css }) => {
  test('has only logical properties, so that it also runs in vertical Mongolian', () => {
    expect(css.match(PHYSICAL) ?? []).toEqual([])
  })

  test('has no shorthand whose sides do not turn with the writing direction', () => {
    const sided = [...css.matchAll(PHYSICAL_SHORTHAND)].filter(
      ({ groups }) => (groups?.['sides'] ?? '').replace(/\([^()]*(?:\([^()]*\)[^()]*)*\)/g, '()').trim().split(/\s+/).length > 1,
    )
    expect(sided.map(([line]) => line.trim())).toEqual([])
  })
})

describe('contrast', () => {
  const tokens = new Map(
    [...readFileSync(join(SRC, 'style/tokens.css'), 'utf8').matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(
      ([, name, colour]) => [name, colour ?? ''],
    ),
  )

  test.each([
    ['ink', ['paper', 'sheet', 'felt', 'sky-wash', 'rust-wash', 'grass-wash']],
    ['ink-soft', ['paper', 'sheet', 'felt', 'rust-wash']],
    ['sky', ['paper', 'sheet', 'sky-wash']],
    ['rust', ['paper', 'sheet', 'rust-wash']],
    ['grass', ['paper', 'sheet', 'grass-wash']],
    ['on-sky', ['sky', 'ink']],
    ['sheet', ['ink']],
  ])('%s is readable in sunlight on every ground it stands on', (text, grounds) => {
    for (const ground of grounds) {
      expect(contrast(tokens.get(text) ?? '', tokens.get(ground) ?? ''), `${text} on ${ground}`).toBeGreaterThanOrEqual(7)
    }
  })
})

test('touch targets are at least 48 pixels', () => {
  const css = readFileSync(join(SRC, 'style/tokens.css'), 'utf8')
  for (const [, size] of css.matchAll(/--touch(?:-main)?: (\d+)px/g)) expect(Number(size)).toBeGreaterThanOrEqual(48)
})

function cssOf(path: string): string {
  const text = readFileSync(path, 'utf8')
  const css = path.endsWith('.vue') ? [...text.matchAll(/<style[^>]*>([^]*?)<\/style>/g)].map(([, css]) => css).join('\n') : text
  return css.replace(/\/\*[^]*?\*\//g, '')
}

// WCAG 2.2, relative luminance and contrast ratio.
function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((share) => (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
