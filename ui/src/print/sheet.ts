// The size of the paper, told to the printer: a page rule that stands as long as the sheet does. A roll is as long as what
// is printed on it, so its rule cannot be written beforehand.
import type { PageSize } from '@/api/bindings/PageSize'

export type Paper = 'a4' | 'roll'

const MM_PER_PX = 25.4 / 96

/** Type set for paper is not rounded to the dots of the screen. */
const SLACK_MM = 3

/** The longest piece that receipt printers take in one go. */
const ROLL_MOST_MM = 3000

const PAGE_NUMBER = '@bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt }'

/** How large the paper is; `height` is the sheet's in CSS pixels. */
export function pageSize(paper: Paper, height: number): PageSize {
  if (paper === 'a4') return { width_mm: 210, height_mm: 297, margin_block_mm: 12, margin_inline_mm: 14 }
  const long = Math.min(ROLL_MOST_MM, Math.max(80, Math.ceil(height * MM_PER_PX) + SLACK_MM))
  return { width_mm: 80, height_mm: long, margin_block_mm: 0, margin_inline_mm: 0 }
}

/** The page rule for a paper of this size. */
export function pageRule(paper: Paper, { width_mm, height_mm, margin_block_mm, margin_inline_mm }: PageSize): string {
  const margins = `${margin_block_mm}mm ${margin_inline_mm}mm`
  return `@page { size: ${width_mm}mm ${height_mm}mm; margin: ${margins}; ${paper === 'a4' ? PAGE_NUMBER : ''} }`
}

/** Lays the rule over the page's own until it is taken off again. */
export function layRule(rule: string): () => void {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(rule)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
  return () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet)
  }
}
