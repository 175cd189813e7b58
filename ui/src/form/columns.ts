// How tall the columns of a vertical text are. In a page that scrolls downwards a browser gives vertical text one endless
// column, so a height is chosen here: of all heights that need the same number of columns, the smallest.
import { shallowRef } from 'vue'

import { runsOf } from '@/i18n/script'

/** Width of a column in em; the line height of Mongolian. */
const COLUMN_EM = 1.35
const SLACK_EM = 0.4
/** What a short figure takes of the column that it stands upright in. */
const FIGURE_EM = COLUMN_EM - 0.2

/** Rough advance of a letter along the column in em, for where no font can be asked. */
const LETTER_EM = 0.52

/**
 * The height in em that a text gets: one column if it is no longer than `tall`, up to three columns of that height, and
 * when it is longer a block about `slender` times as tall as wide.
 */
export function columnHeight(text: string, tall: number, slender = 1): number {
  const words = wordsOf(text)
  const total = words.reduce((sum, word) => sum + word.length + word.gap, 0)
  const longest = Math.max(...words.map((word) => word.length), 0)
  const square = Math.sqrt(total * COLUMN_EM * slender)
  const limit = Math.max(longest, total > tall * 3 ? Math.max(square, tall) : tall)
  const columns = columnsAt(words, limit)
  let low = Math.max(longest, total / columns) - 0.01
  let high = limit
  for (let turn = 0; turn < 8; turn += 1) {
    const middle = (low + high) / 2
    if (columnsAt(words, middle) > columns) low = middle
    else high = middle
  }
  return Math.round((high + SLACK_EM) * 100) / 100
}

/** How many columns of that height in em a text takes. */
export function columnsOf(text: string, height: number): number {
  return columnsAt(wordsOf(text), height)
}

/** The length in em of the longest word of a text: no column may be lower. */
export function longestWord(text: string): number {
  return Math.max(...wordsOf(text).map((word) => word.length), 0)
}

interface Word {
  /** Along the column, in em. */
  length: number
  /** The space before it, if it does not begin a column. */
  gap: number
}

function columnsAt(words: readonly Word[], height: number): number {
  let columns = 1
  let filled = 0
  for (const { length, gap } of words) {
    if (filled > 0 && filled + gap + length > height) {
      columns += 1
      filled = length
    } else {
      filled += (filled > 0 ? gap : 0) + length
    }
  }
  return columns
}

// Only the plain space parts words; the narrow no-break space holds a suffix to its word. Chinese breaks anywhere.
function wordsOf(text: string): Word[] {
  const gap = advance(' ')
  const spaced = text.split(/[ \n]+/).filter((word) => word !== '')
  return spaced.flatMap((word, index) =>
    word.split(/(?<=[\u2e80-\uffef])/).map((piece, at) => ({
      length: runsOf(piece).reduce((sum, run) => sum + (run.kind === 'figure' ? FIGURE_EM : advance(run.text)), 0),
      gap: index > 0 && at === 0 ? gap : 0,
    })),
  )
}

/* ------------------------------------------------------------- the font */

const advances = new Map<string, number>()
/** Changes when the fonts have come and everything is to be measured again. */
const fontsSeen = shallowRef(0)
const PROBE = 100
let pencil: CanvasRenderingContext2D | null | undefined

function advance(text: string): number {
  if (fontsSeen.value === 0) askForFonts()
  const known = advances.get(text)
  if (known !== undefined) return known
  const measured = measure(text)
  advances.set(text, measured)
  return measured
}

function measure(text: string): number {
  if (/^[\u2e80-\uffef]+$/.test(text)) return text.length
  if (pencil === undefined) pencil = penOf()
  if (pencil === null) return Array.from(text).length * LETTER_EM
  return pencil.measureText(text).width / PROBE
}

function penOf(): CanvasRenderingContext2D | null {
  const pen = document.createElement('canvas').getContext('2d')
  if (pen !== null) pen.font = `${PROBE}px ${family()}`
  return pen
}

function family(): string {
  return getComputedStyle(document.documentElement).getPropertyValue('--font') || 'sans-serif'
}

let asked = false

function askForFonts() {
  if (asked || !('fonts' in document)) return
  asked = true
  void document.fonts
    .load(`${PROBE}px ${family()}`, '\u182E\u1823')
    .then(() => {
      advances.clear()
      pencil = undefined
      fontsSeen.value += 1
    })
    .catch(() => undefined)
}
