// The little Markdown that ODK forms use, read into pieces that are drawn as text: bold, italic, headings, lists, and links
// as their words. There is no markup language in between and nothing is ever written as HTML.

export interface Run {
  readonly text: string
  readonly bold: boolean
  readonly italic: boolean
}

export type Piece =
  | { readonly kind: 'paragraph'; readonly runs: readonly Run[] }
  | { readonly kind: 'heading'; readonly level: number; readonly runs: readonly Run[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Run[])[] }

/** Whether a text may hold any of it; plain texts need no further look. */
export function mayBeMarked(text: string): boolean {
  return /[*_[\\]|^#{1,6} |^\s*(?:[-+]|\d+[.)]) /m.test(text)
}

export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = []
  let lines: string[] = []
  let items = null as { ordered: boolean; lines: string[] } | null

  function close() {
    if (lines.length > 0) pieces.push({ kind: 'paragraph', runs: runsOf(lines.join('\n')) })
    if (items !== null) pieces.push({ kind: 'list', ordered: items.ordered, items: items.lines.map((line) => runsOf(line)) })
    lines = []
    items = null
  }

  // Only plain white space is cut: the narrow no-break space binds Mongolian suffixes.
  for (const line of text.split('\n').map((each) => each.replace(/^[ \t]+|[ \t\r]+$/g, ''))) {
    const heading = /^(#{1,6}) +(.*?)(?: +#+)?$/.exec(line)
    const item = /^(?:([-*+])|\d{1,3}[.)]) +(.+)$/.exec(line)
    if (heading !== null) {
      close()
      pieces.push({ kind: 'heading', level: heading[1]?.length ?? 1, runs: runsOf(heading[2] ?? '') })
    } else if (item !== null) {
      const ordered = item[1] === undefined
      if (items?.ordered !== ordered) {
        close()
        items = { ordered, lines: [] }
      }
      items.lines.push(item[2] ?? '')
    } else if (line === '') {
      close()
    } else {
      if (items !== null) close()
      lines.push(line)
    }
  }
  close()
  return pieces
}

const MARK = /\\([\\*_[\]()#])|\[([^\]\n]*)\]\([^)\s]*\)|(\*\*|__)(?=[^\s*_])([^]*?\S)\3|(\*|_)(?=[^\s*_])([^]*?[^\s*_])\5/g
const LETTER = /[\p{L}\p{N}]/u

/** A text parted where it becomes bold or italic. */
export function runsOf(text: string, bold = false, italic = false): Run[] {
  const runs: Run[] = []
  let from = 0

  function add(run: Run) {
    const last = runs.at(-1)
    if (run.text === '') return
    if (last?.bold === run.bold && last.italic === run.italic) runs[runs.length - 1] = { ...last, text: last.text + run.text }
    else runs.push(run)
  }

  function plain(text: string) {
    add({ text, bold, italic })
  }

  for (const found of text.matchAll(MARK)) {
    const [whole, escaped, link, strong, strongText, soft, softText] = found
    const after = found.index + whole.length
    // An underscore within a word is part of the word.
    const inWord = (strong ?? soft)?.startsWith('_') === true && (isLetter(text, found.index - 1) || isLetter(text, after))
    plain(text.slice(from, found.index))
    from = after
    if (escaped !== undefined) plain(escaped)
    else if (link !== undefined) runsOf(link, bold, italic).forEach(add)
    else if (inWord) plain(whole)
    else if (strongText !== undefined) runsOf(strongText, true, italic).forEach(add)
    else if (softText !== undefined) runsOf(softText, bold, true).forEach(add)
  }
  plain(text.slice(from))
  return runs
}

function isLetter(text: string, at: number): boolean {
  return at >= 0 && LETTER.test(text.charAt(at))
}

/** The words alone, a line for each piece and item; what their length is measured by. */
export function wordsIn(text: string): string {
  if (!mayBeMarked(text)) return text
  const plain = (runs: readonly Run[]) => runs.map((run) => run.text).join('')
  return piecesOf(text)
    .flatMap((piece) => (piece.kind === 'list' ? piece.items.map(plain) : [plain(piece.runs)]))
    .join('\n')
}
