// Questions come and go without moving what somebody is looking at or about to touch.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { openBrowser, visitForm } from './browser'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

test.each(['both', 'zh', 'mn-Mong'] as const)('in %s what was touched stays where it is while questions unfold', async (mode) => {
  const { at, page } = await visitForm(browser, { mode, form: 'visit' })
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  const touched = at('choice-outcome-visited')
  const before = await touched.boundingBox()
  await touched.click()
  const ways = []
  for (let look = 0; look < 8; look += 1) {
    ways.push(await touched.boundingBox())
    await page.waitForTimeout(40)
  }
  await at('question-present_count').waitFor()
  for (const way of ways) expect(way).toEqual(before)
  await at('choice-outcome-declined').click()
  await page.waitForTimeout(300)
  expect(await touched.boundingBox()).toEqual(before)
  await page.close()
})

test('nothing on a page of many questions shifts by itself', async () => {
  const { at, page } = await visitForm(browser, { mode: 'both', form: 'long' })
  await page.evaluate(() => {
    const shifts: number[] = []
    Object.assign(window, { shifts })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        if (!entry.hadRecentInput) shifts.push(entry.value)
      }
    }).observe({ type: 'layout-shift', buffered: false })
  })
  await at('question-q499').waitFor({ state: 'attached' })
  await page.mouse.move(700, 400)
  for (let turn = 0; turn < 10; turn += 1) {
    await page.mouse.wheel(0, 600)
    await page.waitForTimeout(60)
  }
  const shifts = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts)
  expect(shifts.reduce((sum, each) => sum + each, 0)).toBeLessThan(0.1)
  await page.close()
})
