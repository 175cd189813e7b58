// Takes the pictures of docs/SCREENS.md from the gallery: invented people, always the same. `npm run screens`.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { DisplayMode } from '@/state/display'
import { openBrowser, visitForm, visitPage, type FormWish, type Visit } from './browser'

const SCREENS = fileURLToPath(new URL('../../docs/screens', import.meta.url))
const UPRIGHT = { width: 800, height: 1280 }

let browser: Browser
beforeAll(async () => {
  await mkdir(SCREENS, { recursive: true })
  browser = await openBrowser()
})
afterAll(() => browser.close())

async function take({ page, troubles }: Visit, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready)
  await page.waitForTimeout(400)
  await page.screenshot({ path: join(SCREENS, `${name}.png`) })
  await page.close()
  expect(troubles).toEqual([])
}

const PAGES: [name: string, address: string, shows: string, mode: DisplayMode, size?: typeof UPRIGHT][] = [
  ['today', 'today', 'today-task', 'both'],
  ['today-upright', 'today', 'today-task', 'both', UPRIGHT],
  ['household', 'households/household-1', 'household-past', 'both'],
  ['household-mong', 'households/household-1', 'household-past', 'mn-Mong'],
  ['case', 'cases/case-0', 'case-title', 'both'],
  ['visit', 'visits/visit-1', 'visit-picture', 'both'],
  ['slip', 'visits/visit-1/print', 'print-preview', 'both'],
  ['sync-both', 'sync', 'receipt', 'both'],
]

test.each(PAGES)('the page %s', async (name, address, shows, mode, size) => {
  const visit = await visitPage(browser, `/src/testing/gallery.html?scene=day&mode=${mode}#/${address}`, size)
  await visit.at(shows).first().waitFor()
  await take(visit, name)
})

test('households found by a name', async () => {
  const visit = await visitPage(browser, '/src/testing/gallery.html?scene=day&mode=both#/households')
  await visit.at('household-line').first().waitFor()
  await take(visit, 'households-both')
})

const STEPS = { texts: 0, numbers: 1, choices: 3, land: 6, media: 7, dogs: 9 }

function open(step: keyof typeof STEPS, wish: Partial<FormWish> = {}): Promise<Visit> {
  return visitForm(browser, { mode: 'both', page: STEPS[step], ...wish })
}

/** A visit where somebody was at home, so that there is something to ask. */
async function openVisit(wish: Partial<FormWish> = {}): Promise<Visit> {
  const visit = await open('texts', { form: 'household_visit', ...wish })
  await visit.at('choice-outcome-visited').click()
  await visit.at('form-step-1').waitFor()
  return visit
}

test('the first page of a visit, in both languages, lengthwise and upright', async () => {
  await take(await openVisit(), 'form-both')
  await take(await openVisit({ mode: 'mn-Mong' }), 'form-mong')
  await take(await openVisit({ size: UPRIGHT }), 'form-upright')
})

test('choices', async () => {
  const visit = await open('choices')
  for (const chosen of ['choice-one-yes', 'choice-many-sheep', 'choice-many-horse']) await visit.at(chosen).click()
  await visit.page.mouse.move(0, 0)
  await take(visit, 'form-choices')
})

test('numbers', async () => {
  const visit = await open('numbers')
  await visit.at('input-people').fill('4')
  await visit.at('input-km').fill('2.5')
  await centre(visit.at('input-satisfied'))
  const line = await boxOf(visit.at('input-satisfied'))
  await visit.page.mouse.click(line.x + line.width * 0.75, line.y + line.height / 2)
  await take(visit, 'form-numbers')
})

test('a field measured', async () => {
  const visit = await open('land')
  await visit.at('type-field').click()
  for (const [lat, lon] of [['39.1', '107.98'], ['39.1', '107.9804'], ['39.1003', '107.9805'], ['39.1002', '107.9799']] as const) {
    await visit.at('lat-field').fill(lat)
    await visit.at('lon-field').fill(lon)
    await visit.at('add-typed-field').click()
  }
  await visit.at('type-field').click()
  await centre(visit.at('grid-field'))
  await take(visit, 'form-land')
})

test('a photo and a signature', async () => {
  const visit = await open('media')
  await visit.at('input-photo').setInputFiles({ name: 'steppe.png', mimeType: 'image/png', buffer: await steppe(visit) })
  await visit.at('value-photo').waitFor()
  await take(visit, 'form-photo')
  const signing = await open('media')
  const paper = signing.at('input-sign')
  await paper.scrollIntoViewIfNeeded()
  const { x, y, width, height } = await boxOf(paper)
  await signing.page.mouse.move(x + width * 0.15, y + height * 0.6)
  await signing.page.mouse.down()
  for (let step = 0; step <= 24; step += 1) {
    const wave = Math.sin(step * 0.9) * height * 0.18
    await signing.page.mouse.move(x + width * (0.15 + step * 0.012), y + height * 0.5 + wave, { steps: 3 })
  }
  await signing.page.mouse.up()
  await take(signing, 'form-signature')
})

test('a repeat', async () => {
  const visit = await open('dogs')
  await visit.at('input-dogname').fill('巴斯')
  await visit.at('choice-vaccinated-yes').click()
  await visit.at('add-dogs').click()
  await visit.at('input-dogname').fill('哈日')
  await centre(visit.at('input-dogname'))
  await take(visit, 'form-repeat')
})

test('what is missing, and the page for the reader', async () => {
  const visit = await openVisit()
  await visit.at('form-step-1').click()
  await visit.page.locator('[data-testid^="form-step-"]').last().click()
  await visit.at('form-finish').click()
  await visit.at('form-missing').waitFor()
  await take(visit, 'form-missing')
  const reading = await openVisit()
  await reading.at('form-turn').click()
  await reading.at('reader').waitFor()
  await take(reading, 'form-reader')
})

function centre(what: Locator): Promise<void> {
  return what.evaluate((element) => {
    element.scrollIntoView({ block: 'center' })
  })
}

async function boxOf(what: Locator) {
  const box = await what.boundingBox()
  if (box === null) throw new Error('not to be seen')
  return box
}

/** A picture of hills and a ger, of nobody. */
async function steppe({ page }: Visit): Promise<Buffer> {
  const address = await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    Object.assign(canvas, { width: 640, height: 420 })
    const pen = canvas.getContext('2d')
    if (pen === null) throw new Error('no canvas')
    const shape = (colour: string, path: string) => {
      pen.fillStyle = colour
      pen.fill(new Path2D(path))
    }
    shape('#a9c7dd', 'M0 0H640V420H0z')
    shape('#93a27a', 'M0 250Q160 170 330 240T640 210V420H0z')
    shape('#7c8f5f', 'M0 300Q260 240 640 310V420H0z')
    shape('#f4efe4', 'M250 330V270Q320 215 390 270V330z')
    shape('#7f230d', 'M305 330V282H335V330z')
    return canvas.toDataURL('image/png')
  })
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64')
}
