// Lists that come as CSV: the tablet's households and persons have a Chinese and a Mongolian name in two columns, which
// a form shows as one label in both languages.
import { PART } from './texts'

/** The column that is added to every list: its label in all languages. Calculations go on reading `label`, which is Chinese. */
export const MERGED_LABEL = '__label'

/**
 * Adds the merged label to a CSV: Chinese, Mongolian, Cyrillic and English, each followed by U+2063, so that the other languages can be cut out of an answer. A list without `label_mong` shows its `label`.
 */
export function withMergedLabels(csv: string): string {
  const [head, ...rows] = cellsOf(csv)
  if (head === undefined) return ''
  const at = (name: string) => head.indexOf(name)
  const labels = ['label', 'label_mong', 'label_cyrl', 'label_en'].map(at)
  const lines = rows.map((row) => [...Array.from(head, (_, each) => row[each] ?? ''), merged(labels.map((each) => cell(row, each)))])
  return [[...head, MERGED_LABEL], ...lines].map(lineOf).join('\n') + '\n'
}

function cell(row: readonly string[], at: number): string {
  return at < 0 ? '' : (row[at] ?? '').replaceAll(PART, '')
}

function merged([zh = '', ...others]: string[]): string {
  return others.every((each) => each === '') ? zh : [zh, ...others, ''].join(PART)
}

/** Parts a CSV (RFC 4180; also with semicolons or tabs) into its cells, nothing trimmed; empty lines are left out. */
export function cellsOf(csv: string): string[][] {
  const text = csv.replace(/^\uFEFF/, '')
  const separator = separatorOf(text)
  const pattern = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n]*))(${separator}|\\r\\n|\\n|\\r|$)`, 'g')
  const rows: string[][] = []
  let row: string[] = []
  for (const [, quoted, plain, end] of text.matchAll(pattern)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === separator) continue
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
    if (end === '') break
  }
  return rows
}

function separatorOf(text: string): string {
  const head = /^[^\r\n]*/.exec(text)?.[0] ?? ''
  return [',', ';', '\t'].reduce((best, each) => (head.split(each).length > head.split(best).length ? each : best))
}

function lineOf(cells: readonly string[]): string {
  return cells.map((each) => (/[",\r\n]/.test(each) ? `"${each.replaceAll('"', '""')}"` : each)).join(',')
}
