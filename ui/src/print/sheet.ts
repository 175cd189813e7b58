// The size of the paper, told to the printer: a page rule that stands as long as the sheet does. A roll is as long as what
// is printed on it, so its rule cannot be written beforehand.
export type Paper = 'a4' | 'roll'

const MM_PER_PX = 25.4 / 96

/** Type set for paper is not rounded to the dots of the screen. */
const SLACK_MM = 3

/** The longest piece that receipt printers take in one go. */
const ROLL_MOST_MM = 3000

const PAGE_NUMBER = '@bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt }'

/** The page rule for a paper; `height` is the sheet's in CSS pixels. */
export function pageRule(paper: Paper, height: number): string {
  if (paper === 'a4') return `@page { size: 210mm 297mm; margin: 12mm 14mm; ${PAGE_NUMBER} }`
  const long = Math.min(ROLL_MOST_MM, Math.max(80, Math.ceil(height * MM_PER_PX) + SLACK_MM))
  return `@page { size: 80mm ${long}mm; margin: 0 }`
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
