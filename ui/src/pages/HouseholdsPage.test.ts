import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { lookup } from '@/state/lookup'
import { mountPage, settled } from '@/testing/mount'
import HouseholdsPage from './HouseholdsPage.vue'

// The tests' document has no layout: the list is told how large it is.
beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800)
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1000)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('of thousands of households only those in sight are on the page and fetched', async () => {
  const page = await mountPage(HouseholdsPage)
  expect(page.at('households-total').text()).toBe('1,500 户')
  const shown = page.all('household-line')
  expect(shown.length).toBeGreaterThan(5)
  expect(shown.length).toBeLessThan(40)
  expect(page.asked('households')).toEqual([{ query: '', offset: 0, limit: 100 }])
})

test('typing searches once, after a pause', async () => {
  const page = await mountPage(HouseholdsPage)
  for (const query of ['b', 'ba', '白音']) await page.at('households-search').setValue(query)
  vi.advanceTimersByTime(200)
  await settled()
  expect(page.asked('households')).toHaveLength(2)
  expect(page.asked('households')[1]).toEqual({ query: '白音', offset: 0, limit: 100 })
  expect(page.at('households-total').text()).toMatch(/^找到 \d+ 户$/)
})

test('an area narrows the list', async () => {
  const page = await mountPage(HouseholdsPage)
  await page.all('area-choice')[2]?.trigger('click')
  await settled()
  expect(page.asked('households')[1]).toEqual({ query: '', area: 'area-2', offset: 0, limit: 100 })
})

test('nothing found is said with what was looked for', async () => {
  lookup.query = 'qqq'
  const page = await mountPage(HouseholdsPage)
  expect(page.at('empty').text()).toContain('qqq')
})

test('a tablet without households says how they come', async () => {
  const page = await mountPage(HouseholdsPage, { households: () => ({ total: 0, lines: [] }), areas: () => [] })
  expect(page.at('empty').text()).toContain('同步')
})
