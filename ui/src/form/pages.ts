// How a form is cut into pages, and what is still missing on them.
import type { Item, Question } from './question'
import { NO_TEXTS, type Texts } from './texts'

export interface Page {
  readonly id: string
  /** `null` if the page has no heading of its own. */
  readonly title: Texts | null
  readonly items: readonly Item[]
}

/**
 * One page for each group. Groups that only hold other groups are gone through; questions outside of groups share a page
 * with their neighbours. Pages do not change while a form is filled, so a page number means the same after resuming.
 */
export function pagesOf(items: readonly Item[], title: Texts | null = null): Page[] {
  const pages: Page[] = []
  let loose: Item[] = []

  function closeLoose() {
    const first = loose[0]
    if (first !== undefined) pages.push({ id: `loose-${first.id}`, title, items: loose })
    loose = []
  }

  for (const item of items) {
    if (item.kind === 'section') {
      closeLoose()
      const nested = !item.fieldList && item.items.every((each) => each.kind === 'section')
      if (nested) pages.push(...pagesOf(item.items, item.label))
      else pages.push({ id: item.id, title: item.label, items: item.items })
    } else if (item.kind === 'repeat') {
      closeLoose()
      pages.push({ id: item.id, title: item.label, items: [item] })
    } else {
      loose.push(item)
    }
  }
  closeLoose()
  return pages
}

/** The questions among the items that are asked now, in reading order. */
export function askedIn(items: readonly Item[]): Question[] {
  return items.flatMap((item): Question[] => {
    if (!item.relevant) return []
    if (item.kind === 'section') return askedIn(item.items)
    if (item.kind === 'repeat') return item.instances.flatMap((each) => askedIn(each.items))
    return [item]
  })
}

/** Whether somebody can answer it; notes, fixed values and the head row of a table are only read. */
export function isToAnswer(question: Question): boolean {
  if (question.kind === 'note' || question.kind === 'unsupported' || question.readonly) return false
  return !((question.kind === 'select_one' || question.kind === 'select_multiple') && question.appearances.has('label'))
}

/** Whether the page has anything on it now. */
export function isShown(page: Page): boolean {
  return page.items.some(
    (item) => item.relevant && (item.kind === 'repeat' || item.kind !== 'section' || askedIn(item.items).length > 0),
  )
}

export interface Missing {
  readonly page: number
  readonly question: Question
}

/** What stands in the way of finishing. */
export function missingIn(pages: readonly Page[]): Missing[] {
  return pages.flatMap((page, index) =>
    askedIn(page.items)
      .filter((question) => question.complaint !== null)
      .map((question) => ({ page: index, question })),
  )
}

/** What a page is called in lists; a page without a heading goes by its first question. */
export function nameOf(page: Page): Texts {
  if (page.title !== null && page.title.zh !== '') return page.title
  return askedIn(page.items)[0]?.label ?? NO_TEXTS
}
