import { expect, test } from 'vitest'

import { Refused } from '@/api'
import { PAGE_LINES, useWindowed } from './windowed'

const TOTAL = 1500

function source() {
  const asked: number[] = []
  const fetch = (offset: number, limit: number) => {
    asked.push(offset)
    const count = Math.max(0, Math.min(limit, TOTAL - offset))
    return Promise.resolve({ total: TOTAL, lines: Array.from({ length: count }, (_, n) => offset + n) })
  }
  return { asked, fetch }
}

test('a list of thousands is fetched only where it is looked at, and each page once', async () => {
  const { asked, fetch } = source()
  const list = useWindowed(fetch)
  await list.restart()
  await list.need(700, 720)
  await list.need(690, 730)
  expect(asked).toEqual([0, 700, 600])
  expect(list.lines.get(715)).toBe(715)
  expect(list.lines.has(300)).toBe(false)
})

test('the answer to an older query never shows under a newer one', async () => {
  const waiting: ((lines: string[]) => void)[] = []
  const list = useWindowed<string>(
    () => new Promise((resolve) => waiting.push((lines) => { resolve({ total: lines.length, lines }) })),
  )
  const older = list.restart()
  const newer = list.restart()
  waiting[1]?.(['new'])
  waiting[0]?.(['old', 'old'])
  await Promise.all([older, newer])
  expect(list.total.value).toBe(1)
  expect(list.lines.get(0)).toBe('new')
})

test('the old lines stay until the first new ones are there, so that the list does not blink', async () => {
  const { fetch } = source()
  const list = useWindowed(fetch)
  await list.restart()
  const again = list.restart()
  expect(list.lines.size).toBe(PAGE_LINES)
  await again
})

test('a refused page is asked for again when it is looked at again', async () => {
  let refuse = true
  const { fetch } = source()
  const list = useWindowed((offset, limit) =>
    offset > 0 && refuse ? Promise.reject(new Refused({ code: 'file_failed' })) : fetch(offset, limit),
  )
  await list.restart()
  await list.need(200, 220)
  expect(list.refusal.value?.code).toBe('file_failed')
  refuse = false
  await list.need(200, 220)
  expect(list.lines.get(210)).toBe(210)
  expect(list.refusal.value).toBeUndefined()
})
