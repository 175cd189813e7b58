// A list of thousands of lines of which only those in sight are fetched, page by page.
import { ref, shallowReactive, shallowRef } from 'vue'
import type { Ref, ShallowReactive, ShallowRef } from 'vue'

import { refusalOf } from '@/api'
import type { Refusal } from '@/api/bindings/Refusal'
import { heed } from './tablet'

export const PAGE_LINES = 100

export interface Page<Line> {
  total: number
  lines: Line[]
}

export interface Windowed<Line> {
  /** `null` until the first page is there. */
  total: Ref<number | null>
  /** The lines fetched so far, by their place. */
  lines: ShallowReactive<Map<number, Line>>
  refusal: ShallowRef<Refusal | undefined>
  /** Starts anew, for another query; the old lines stay until the first new ones are there. */
  restart: () => Promise<void>
  /** Fetches what is missing between two places. */
  need: (first: number, last: number) => Promise<void>
}

export function useWindowed<Line>(fetch: (offset: number, limit: number) => Promise<Page<Line>>): Windowed<Line> {
  const total = ref<number | null>(null)
  const lines = shallowReactive(new Map<number, Line>())
  const refusal = shallowRef<Refusal>()
  let run = 0
  let asked = new Set<number>()

  async function restart(): Promise<void> {
    const mine = ++run
    asked = new Set([0])
    try {
      const page = await fetch(0, PAGE_LINES)
      if (mine !== run) return
      lines.clear()
      keep(0, page)
    } catch (thrown) {
      if (mine === run) refuse(thrown)
    }
  }

  async function need(first: number, last: number): Promise<void> {
    const pages: Promise<void>[] = []
    for (let page = Math.floor(first / PAGE_LINES); page <= Math.floor(last / PAGE_LINES); page += 1) {
      if (!asked.has(page)) pages.push(fetchPage(page))
    }
    await Promise.all(pages)
  }

  async function fetchPage(page: number): Promise<void> {
    const mine = run
    asked.add(page)
    try {
      const answer = await fetch(page * PAGE_LINES, PAGE_LINES)
      if (mine === run) keep(page * PAGE_LINES, answer)
    } catch (thrown) {
      if (mine !== run) return
      asked.delete(page)
      refuse(thrown)
    }
  }

  function keep(offset: number, page: Page<Line>): void {
    refusal.value = undefined
    total.value = page.total
    page.lines.forEach((line, index) => lines.set(offset + index, line))
  }

  function refuse(thrown: unknown): void {
    refusal.value = refusalOf(thrown)
    heed(refusal.value)
  }

  return { total, lines, refusal, restart, need }
}
