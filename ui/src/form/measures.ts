// Lengths and areas in words: metres and kilometres, square metres and mu.
import { MU_M2 } from './geometry'
import { withThousands } from './numerals'
import type { Texts } from './texts'
import { words } from './words'

export function lengthTexts(metres: number): Texts {
  if (metres >= 10_000) return words('fill.kilometres', { n: figure(metres / 1000, 2) })
  return words('fill.metres', { n: figure(metres, metres < 100 ? 1 : 0) })
}

/** First in square metres, then in mu. */
export function areaTexts(squareMetres: number): [Texts, Texts] {
  const mu = squareMetres / MU_M2
  return [words('fill.squareMetres', { n: figure(squareMetres, 0) }), words('fill.mu', { n: figure(mu, mu < 100 ? 2 : 1) })]
}

function figure(value: number, places: number): string {
  return withThousands(value.toFixed(places))
}
