// How the items of a page stand together: most alone; questions that share the row of choices above them in one table.
import type { Item, Question, SelectMultipleQuestion, SelectOneQuestion } from './question'

type Select = SelectOneQuestion | SelectMultipleQuestion

export type Block =
  | { readonly kind: 'item'; readonly id: string; readonly item: Item }
  | { readonly kind: 'table'; readonly id: string; readonly head: Select; readonly rows: readonly Select[] }

export function blocksOf(items: readonly Item[]): Block[] {
  const blocks: Block[] = []
  for (let at = 0; at < items.length; at += 1) {
    const item = items[at]
    if (item === undefined) continue
    const rows: Select[] = []
    if (isSelect(item) && item.appearances.has('label')) {
      for (let next = items[at + 1]; isRow(next); next = items[at + 1]) {
        rows.push(next)
        at += 1
      }
    }
    if (rows.length > 0) blocks.push({ kind: 'table', id: item.id, head: item as Select, rows })
    else blocks.push({ kind: 'item', id: item.id, item })
  }
  return blocks
}

function isSelect(item: Item | undefined): item is Select & Question {
  return item?.kind === 'select_one' || item?.kind === 'select_multiple'
}

function isRow(item: Item | undefined): item is Select & Question {
  return isSelect(item) && item.appearances.has('list-nolabel')
}
