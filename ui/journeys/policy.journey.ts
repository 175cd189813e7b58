// The program as it is shipped, under the policy of the tablet's window: it shows pages and a form, and breaks no rule.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

import { CONTENT_POLICY } from '../vite.config'
import { openBrowser, visitForm, visitPage } from './browser'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

test('the page carries the policy of the window', () => {
  expect(CONTENT_POLICY).toBe(inject('policy'))
  expect(CONTENT_POLICY).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/)
})

test('a form on the tablet is shown and answered without breaking the policy', async () => {
  const { at, page, troubles } = await visitPage(browser, '/src/testing/gallery.html?scene=day&mode=both#/households/household-1')
  await at('start-visit').click()
  await at('choice-outcome-visited').click()
  await at('form-next').click()
  await at('choice-topics-law').click()
  await page.waitForTimeout(500)
  expect(troubles).toEqual([])
  await page.close()
})

test('the sheet, the reader and the drawing break it neither', async () => {
  const { at, page, troubles } = await visitForm(browser, { mode: 'both', page: 4 })
  await at('input-household').click()
  await page.keyboard.press('Escape')
  await at('form-turn').click()
  await at('reader-close').click()
  await at('form-step-7').click()
  await at('input-sketch').click()
  await page.waitForTimeout(300)
  expect(troubles).toEqual([])
  await page.close()
})

test('what breaks the policy is noticed', async () => {
  const { page, troubles } = await visitForm(browser, { mode: 'both' })
  await page.evaluate(() => {
    const style = document.createElement('style')
    style.textContent = 'body { color: red }'
    document.head.append(style)
  })
  await expect.poll(() => troubles.join()).toMatch(/policy: style-src/)
  await page.close()
})

test('the program itself starts under it', async () => {
  const { page, troubles } = await visitPage(browser, '/')
  await page.locator('#app > *').first().waitFor()
  // There is no core behind this page, which is the only thing it may complain about.
  expect(troubles.filter((each) => !each.includes('404'))).toEqual([])
  await page.close()
})
