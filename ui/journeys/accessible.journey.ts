// Axe looks at every page of the gallery's forms and at every scene of the tablet, in every mode: no serious fault.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

import type { AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { MODES, openBrowser, visitForm, visitPage, type Visit } from './browser'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

/** Each fault as its rule and the first element that has it. */
async function faults({ page }: Visit): Promise<string[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    // A label that is scrolled out of sight does not count for `label-title-only`; `label` looks at the same and is held.
    const { violations } = await axe.run({ resultTypes: ['violations'], rules: { 'label-title-only': { enabled: false } } })
    return violations
      .filter((each) => each.impact === 'serious' || each.impact === 'critical')
      .map((each) => `${each.id} (${each.nodes.length}): ${each.nodes[0]?.html.slice(0, 200) ?? ''} ${each.nodes[0]?.any[0]?.message ?? ''}`)
  })
}

const SCENES: [scene: string, addresses: string[]][] = [
  ['day', ['today', 'households', 'households/household-1', 'sync', 'conflicts', 'refused', 'bundles', 'receipts']],
  ['day', ['visits/visit-1', 'visits/visit-1/print']],
  ['new', ['enrol']],
  ['locked', ['lock']],
  ['gone', ['gone']],
  ['empty', ['today', 'households', 'conflicts', 'refused', 'bundles']],
  ['long', ['today', 'households']],
  ['error', ['today', 'sync']],
  ['running', ['sync']],
  ['differs', ['sync']],
]

describe.each(MODES)('in %s', (mode) => {
  test('every page of a form', async () => {
    const visit = await visitForm(browser, { mode, more: '&fix=1' })
    const steps = await visit.page.locator('[data-testid^="form-step-"]').count()
    expect(steps).toBe(11)
    for (let step = 0; step < steps; step += 1) {
      await visit.at(`form-step-${step}`).click()
      await visit.page.locator(`[data-testid="form-page"][data-page="${step}"]`).waitFor()
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

  test.concurrent.each(SCENES)('the scene %s at %j', async (scene, addresses) => {
    const visit = await visitPage(browser, `/src/testing/gallery.html?scene=${scene}&mode=${mode}#/${addresses[0] ?? ''}`)
    await visit.page.locator('#app > *').first().waitFor()
    for (const address of addresses) {
      await visit.page.evaluate((to) => {
        window.location.hash = `/${to}`
      }, address)
      await visit.page.waitForTimeout(150)
      // The page has been changed, and painted, before it is judged.
      await visit.page.evaluate(
        () =>
          new Promise((resolve) => {
            requestIdleCallback(() => requestAnimationFrame(() => requestAnimationFrame(resolve)))
          }),
      )
      expect(await faults(visit), address).toEqual([])
    }
    await visit.page.close()
  })
})
