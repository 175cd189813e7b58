// Axe looks at every page of the gallery's forms and at every scene of the tablet, in every mode: no serious fault.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { SCENE_NAMES } from '@/testing/scenes'
import { MODES, openBrowser, visitForm, visitPage, type Visit } from './browser'
import { LOOKS, type Look } from './looks'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

/** Each fault as its rule and the first element that has it. */
async function faults({ page }: Visit): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    // A label that is scrolled out of sight does not count for `label-title-only`; `label` looks at the same and is held.
    const { violations } = await axe.run({ resultTypes: ['violations'], rules: { 'label-title-only': { enabled: false } } })
    return violations
      .filter((each) => each.impact === 'serious' || each.impact === 'critical')
      .map((each) => `${each.id} (${each.nodes.length}): ${each.nodes[0]?.html.slice(0, 200) ?? ''} ${each.nodes[0]?.any[0]?.message ?? ''}`)
  })
}

describe.each(MODES)('in %s', (mode) => {
  test('every page of a form', async () => {
    const visit = await visitForm(browser, { mode, more: '&fix=1' })
    const steps = await visit.page.locator('[data-testid^="form-step-"]').count()
    expect(steps).toBe(11)
    for (let step = 0; step < steps; step += 1) {
      await visit.at(`form-step-${step}`).click()
      await visit.page.locator(`[data-testid="form-page"][data-page="${step}"]`).waitFor()
      await stillness(visit.page)
      expect(await faults(visit), `page ${step}`).toEqual([])
    }
    await visit.at('form-step-4').click()
    await visit.at('input-household').click()
    await visit.at('sheet').waitFor()
    expect(await faults(visit), 'a list of choices').toEqual([])
    await visit.page.keyboard.press('Escape')
    await visit.at('form-step-10').click()
    await visit.at('form-finish').click()
    await visit.at('form-missing').waitFor()
    expect(await faults(visit), 'what is missing').toEqual([])
    for (const [opens, closes] of [['form-jump', 'sheet'], ['form-turn', 'reader']] as const) {
      await visit.at(opens).click()
      await visit.at(closes).waitFor()
      expect(await faults(visit), opens).toEqual([])
      await visit.page.keyboard.press('Escape')
    }
    await visit.page.close()
  })

  test.each(SCENE_NAMES)('the scene %s', async (scene) => {
    const visit = await visitPage(browser, `/src/testing/gallery.html?scene=${scene}&mode=${mode}#/${LOOKS[scene][0]?.at ?? ''}`)
    for (const look of LOOKS[scene]) {
      await goTo(visit, look)
      expect(await faults(visit), `${look.at} ${look.shows}`).toEqual([])
      if (look.press !== undefined) await visit.page.keyboard.press('Escape')
    }
    await visit.page.close()
  })
})

test('no scene and no address is passed by', async () => {
  expect(SCENE_NAMES.filter((scene) => LOOKS[scene].length === 0)).toEqual([])
  const { page } = await visitPage(browser, '/src/testing/gallery.html?scene=day#/today')
  await page.waitForFunction(() => 'addresses' in window)
  const seen = Object.values(LOOKS).flatMap((looks) => looks.map(({ at }) => `/${at}`))
  const passedBy = (address: string) => {
    const pattern = new RegExp(`^${address.replaceAll(/:\w+/g, '[^/]+')}$`)
    return !seen.some((each) => pattern.test(each))
  }
  expect((await page.evaluate(() => window.addresses)).filter(passedBy)).toEqual([])
  await page.close()
})

async function goTo({ page, at }: Visit, look: Look): Promise<void> {
  const hash = `#/${look.at}`
  await page.evaluate((to) => {
    window.location.hash = to
  }, hash)
  for (const pressed of look.press ?? []) await at(pressed).first().click()
  await at(look.shows).first().waitFor()
  await stillness(page)
  expect(new URL(page.url()).hash, 'led elsewhere').toBe(hash)
}

/** The page has changed for the last time, and is painted. */
async function stillness(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const painted = () => requestIdleCallback(() => requestAnimationFrame(() => requestAnimationFrame(resolve)), { timeout: 300 })
        let timer = setTimeout(painted, 100)
        new MutationObserver((_, observer) => {
          clearTimeout(timer)
          timer = setTimeout(() => {
            observer.disconnect()
            painted()
          }, 100)
        }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
      }),
  )
}
