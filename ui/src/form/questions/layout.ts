// How the choices of a question lie on the page, from the form's appearances.

/** `sheet`: behind a field, in a sheet of their own; with a search field if `long`. */
export type Layout =
  | { readonly kind: 'flow' | 'pack' | 'list' | 'scale' }
  | { readonly kind: 'columns'; readonly columns: number }
  | { readonly kind: 'sheet' }

/** From here on choices are found by searching rather than by looking. */
export const MANY_CHOICES = 40

export function layoutOf(appearances: ReadonlySet<string>, count: number): Layout {
  if (appearances.has('autocomplete') || appearances.has('minimal') || count > MANY_CHOICES) return { kind: 'sheet' }
  if (appearances.has('likert')) return { kind: 'scale' }
  if (appearances.has('columns-pack') || appearances.has('horizontal-compact')) return { kind: 'pack' }
  for (const each of appearances) {
    const columns = /^(?:columns|compact)-(\d+)$/.exec(each)?.[1]
    if (columns !== undefined && Number(columns) > 0) {
      return Number(columns) === 1 ? { kind: 'list' } : { kind: 'columns', columns: Math.min(Number(columns), 10) }
    }
  }
  return { kind: 'flow' }
}
