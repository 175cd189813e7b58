// How tall the columns of a vertical text are. A browser cannot balance vertical text in a page that scrolls downwards
// (its height would be without end), so the length is estimated from the letters and the height chosen here.

/** Rough advance of a letter along the column, in em, in Noto Sans Mongolian; Chinese stands upright and takes a full em. */
const LETTER_EM = 0.52
const SPACE_EM = 0.28
const WIDE_EM = 1

/** About how long a text is when it is written as one column, in em. */
export function columnLength(text: string): number {
  let length = 0
  for (const letter of text) length += advance(letter.codePointAt(0) ?? 0)
  return length
}

function advance(code: number): number {
  if ((code >= 0x180b && code <= 0x180f) || code === 0x200d) return 0
  if (code === 0x20 || code === 0x202f) return SPACE_EM
  if (code >= 0x2e80) return WIDE_EM
  return LETTER_EM
}

/**
 * The height in em that a text's columns get: one column if it is short enough for `shortest`, then several columns of
 * that height, and a block about twice as tall as wide when it is long.
 */
export function columnHeight(text: string, shortest: number): number {
  const length = columnLength(text)
  if (length <= shortest) return Math.ceil(length + 1)
  const columns = Math.ceil(length / shortest)
  if (columns <= 3) return Math.max(shortest * 0.75, length / columns + 1.5)
  return Math.max(shortest, Math.ceil(Math.sqrt(length * 2.2)))
}
