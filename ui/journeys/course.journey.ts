// An officer goes through a form: repeats, the list of all pages, the page for the person opposite, a draft gone on with.
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { openBrowser, visitForm, type FormWish, type Visit } from './browser'

let browser: Browser
let visit: Visit

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())
afterEach(async () => {
  const { troubles } = visit
  await visit.page.close()
  expect(troubles).toEqual([])
})

const PAGES = { texts: 0, numbers: 1, days: 2, choices: 3, lists: 4, table: 5, land: 6, media: 7, notes: 8, dogs: 9, parties: 10 }

describe.each(['both', 'mn-Mong'] as const)('in %s', (mode) => {
  async function open(page: keyof typeof PAGES, more: Partial<FormWish> = {}) {
    visit = await visitForm(browser, { mode, page: PAGES[page], ...more })
    return visit
  }

  test('a repeat: added, summed up, removed and brought back', async () => {
    const { at, kept, xml, shot } = await open('dogs')
    await at('input-dogname').fill('巴斯')
    await at('add-dogs').click()
    await at('input-dogname').fill('哈日')
    await at('choice-vaccinated-yes').click()
    await kept('<dogname>哈日</dogname>')
    expect(await at('instance-dogs-0').innerText()).toContain('巴斯')
    expect(await at('instance-dogs-0').innerText()).toContain('1 / 3')
    await shot(`form-repeat-${mode}`)
    await at('instance-dogs-1').locator('.remove').click()
    await expect.poll(async () => (await xml()).includes('哈日')).toBe(false)
    await at('undo-dogs').click()
    await kept(/<dogname>巴斯<\/dogname>[^]*<dogname>哈日<\/dogname>\s*<vaccinated>yes</)
  })

  test('a repeat that the form counts', async () => {
    const { at, kept } = await open('parties')
    expect(await at('add-parties').count()).toBe(0)
    await at('instance-parties-1').locator('.opens').click()
    await at('instance-parties-1').getByTestId('input-party').fill('苏和')
    await kept(/<party\/>[^]*<party>苏和<\/party>/)
  })

  test('everything is one touch away, and what is missing leads there', async () => {
    const { at, page, shot } = await open('numbers')
    await at('form-jump').click()
    await shot(`form-jump-${mode}`)
    await at('jump-dogname').click()
    await page.locator('[data-testid="form-page"][data-page="9"]').waitFor()
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('input-dogname')
    await at('form-step-10').click()
    await at('form-finish').click()
    await at('missing-stove').click()
    await page.locator('[data-testid="form-page"][data-page="5"]').waitFor()
  })

  test('the tablet is turned to the person opposite, who sees nothing else', async () => {
    const { at, page, shot } = await open('notes')
    await at('form-turn').click()
    expect(await at('reader').innerText()).toContain('您的权利')
    const whole = await at('reader').boundingBox()
    expect(whole).toMatchObject({ x: 0, y: 0, width: 1280, height: 800 })
    await shot(`form-reader-${mode}`)
    await at('reader-close').click()
    expect(await at('reader').count()).toBe(0)
    await page.getByTestId('form-page').waitFor()
  })

  test('a draft is gone on with where it was, in another language too', async () => {
    const { at, kept, page, xml } = await open('numbers')
    await at('star-stars-3').click()
    await kept('<stars>3</stars>')
    const before = /<instanceID>([^<]+)</.exec(await xml())?.[1]
    await page.evaluate(() => {
      window.gallery.show('zh')
      window.gallery.resume()
    })
    await at('star-stars-3').waitFor()
    await expect.poll(() => at('star-stars-3').getAttribute('aria-checked')).toBe('true')
    await at('star-stars-5').click()
    await kept('<stars>5</stars>')
    expect(/<instanceID>([^<]+)</.exec(await xml())?.[1]).toBe(before)
  })
})
