// Every kind of question is answered as an officer would, with mouse and keyboard, and what is kept is looked at.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer'

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

  test('texts of all kinds', async () => {
    const { at, kept, shot } = await open('texts')
    await at('input-long').fill('ᠭᠠᠷ\u202Fᠤᠨ ᠨᠡᠷ\u180Eᠡ\n水井')
    await kept('<long>ᠭᠠᠷ\u202Fᠤᠨ ᠨᠡᠷ\u180Eᠡ\n水井</long>')
    await at('input-phone').fill('138 0000-0001')
    await kept('<phone/>')
    await at('input-phone').fill('１３８')
    await at('open-pad-phone').click()
    for (const figure of '0012') await at(`key-phone-${figure}`).click()
    await at('key-phone-erase').click()
    await kept('<phone>138001</phone>')
    await at('input-site').fill('https://example.invalid/a?b=1&c')
    await kept('<site>https://example.invalid/a?b=1&amp;c</site>')
    await at('input-word').fill('天马')
    await kept('<word>天马</word>')
    await shot(`form-texts-${mode}`)
  })

  test('numbers, ranges and stars', async () => {
    const { at, kept, page, shot } = await open('numbers')
    await at('more-people').click()
    await at('more-people').click()
    await kept('<people>2</people>')
    await at('input-km').fill('3.5')
    await kept('<km>3.5</km>')
    await at('input-yuan').click()
    await page.keyboard.type('1234567.8')
    expect(await at('input-yuan').inputValue()).toBe('1,234,567.8')
    await kept('<yuan>1234567.8</yuan>')
    await at('more-satisfied').click()
    await kept('<satisfied>0</satisfied>')
    await at('input-satisfied').focus()
    await page.keyboard.press('End')
    await kept('<satisfied>10</satisfied>')
    await at('input-share').scrollIntoViewIfNeeded()
    const line = await at('input-share').boundingBox()
    if (line === null) throw new Error('no line')
    await page.mouse.click(line.x + line.width / 2, line.y + line.height / 2)
    await kept('<share>50</share>')
    await at('star-stars-4').click()
    await kept('<stars>4</stars>')
    await at('more-height').click()
    await at('more-height').click()
    await kept('<height>0.5</height>')
    await at('input-age').click()
    await at('search-age').fill('17')
    await at('choice-age-17').click()
    await kept('<age>17</age>')
    expect(await at('question-echo').innerText()).toContain(mode === 'both' ? '共 3.5 公里' : '3.5')
    await kept('<double>4</double>')
    await shot(`form-numbers-${mode}`)
  })

  test('days, months, years, times and moments', async () => {
    const { at, kept, shot } = await open('days')
    await at('input-day').click()
    await at('question-day').locator('[data-testid^="day-day-"]').nth(9).click()
    await kept(/<day>\d{4}-\d\d-10<\/day>/)
    await at('input-month').click()
    await at('month-month-6').click()
    await kept(/<month>\d{4}-06-01<\/month>/)
    await at('input-year').click()
    await at('question-year').locator('[data-testid^="year-year-"]').first().click()
    await kept(/<year>\d{4}-01-01<\/year>/)
    await at('time-clock').fill('905')
    await kept(/<clock>09:05:00\.000[+-]\d\d:\d\d<\/clock>/)
    await at('clock-clock').click()
    await at('hour-clock-14').click()
    await at('minute-clock-30').click()
    await kept(/<clock>14:30:00\.000/)
    await at('time-moment').fill('7:45')
    await kept(/<moment>\d{4}-\d\d-\d\dT07:45:00\.000[+-]\d\d:\d\d<\/moment>/)
    await shot(`form-days-${mode}`)
  })

  test('choices however they lie', async () => {
    const { at, kept, page, shot } = await open('choices')
    await at('choice-one-yes').click()
    await kept('<one>yes</one>')
    await at('choice-many-sheep').click()
    await at('choice-many-other').click()
    await kept('<many>sheep other</many>')
    await at('input-many_other').fill('骡子')
    await kept('<many_other>骡子</many_other>')
    await at('choice-likert-good').click()
    await kept('<likert>good</likert>')
    await at('choice-columns-camel').click()
    await kept('<columns>camel</columns>')
    await at('choice-pack-dog').click()
    await kept('<pack>dog</pack>')
    await at('input-minimal').click()
    await at('choice-minimal-horse').click()
    await kept('<minimal>horse</minimal>')
    await at('choice-pictured-water').click()
    await kept('<pictured>water</pictured>')
    expect(await at('choice-pictured-camp').locator('img').count()).toBe(1)
    await at('choice-mixed-cow').click()
    await kept('<mixed>cow</mixed>')
    await shot(`form-choices-${mode}`)
    await at('choice-quick-no').click()
    await kept('<quick>no</quick>')
    await page.locator('[data-testid="form-page"][data-page="4"]').waitFor()
  })

  test('our own households and persons, cascades and the last answers', async () => {
    const { at, kept, xml, shot } = await open('lists')
    await kept('<again>上次写的称呼</again>')
    await at('input-household').click()
    await shot(`form-sheet-${mode}`)
    await at('search-household').fill('ᠣᠶᠤᠨ')
    await at('choice-household-h4').click()
    await kept('<household>h4</household>')
    await kept('<household_name>乌云</household_name>')
    expect(await at('question-chosen').innerText()).toContain(mode === 'both' ? '乌云' : 'ᠣᠶᠤᠨ')
    await at('input-persons').click()
    await at('choice-persons-p4').click()
    await at('choice-persons-p24').click()
    await at('done-persons').click()
    await kept('<persons>p4 p24</persons>')
    await at('choice-banner-otog').click()
    expect(await at('choice-sumu-galut').count()).toBe(0)
    await at('choice-sumu-ulan').click()
    await kept('<sumu>ulan</sumu>')
    await at('choice-banner-uxin').click()
    await kept('<sumu/>')
    expect(await xml()).not.toContain('\u2063')
    await shot(`form-lists-${mode}`)
  })

  test('a table of choices, and an order', async () => {
    const { at, kept, page, shot } = await open('table')
    await at('choice-stove-yes').click()
    await at('choice-wires-no').click()
    await kept('<stove>yes</stove>')
    await kept('<wires>no</wires>')
    await at('down-order-road').click()
    await at('rank-order-power').scrollIntoViewIfNeeded()
    await kept('<order>well road power</order>')
    const [handle, target] = [at('rank-order-power').locator('.handle'), at('rank-order-well')]
    await handle.hover()
    await page.mouse.down()
    const box = await target.boundingBox()
    if (box === null) throw new Error('no row')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 6 })
    await page.mouse.up()
    await kept('<order>power well road</order>')
    await shot(`form-table-${mode}`)
  })

  test('a way walked, a field drawn, and their measures', async () => {
    const { at, kept, page, shot } = await open('land', { more: '&fix=1' })
    await at('input-place').click()
    await kept('<place>39.11423 107.98211 1320.0 4.2</place>')
    await page.evaluate(() => {
      const at = (lat: number, accuracy_m: number) => ({ lat, lon: 107.98, altitude_m: null, accuracy_m })
      window.gallery.host.way.push(at(39.1, 4), at(39.1001, 40), at(39.1002, 4))
      window.gallery.host.fix = null
    })
    await at('walk-fence').click()
    await expect.poll(() => at('fix-fence').innerText(), { timeout: 8_000 }).toMatch(/40/)
    await kept('<fence>39.1 107.98 0.0 4.0;39.1002 107.98 0.0 4.0</fence>')
    await at('walk-fence').click()
    await at('type-field').click()
    for (const [lat, lon] of [['39.1', '107.98'], ['39.1', '107.9804'], ['39.1003', '107.9804']]) {
      await at('lat-field').fill(lat ?? '')
      await at('lon-field').fill(lon ?? '')
      await at('add-typed-field').click()
    }
    await kept('<field>39.1 107.98;39.1 107.9804;39.1003 107.9804;39.1 107.98</field>')
    const shown = Number((await at('area-field-0').innerText()).replace(/[^\d.]/g, ''))
    const computed = Number(/<field_m2>([\d.]+)</.exec(await visit.xml())?.[1])
    expect(Math.abs(shown - computed)).toBeLessThanOrEqual(1)
    // A fourth corner by a touch on the drawing, and one back.
    const grid = at('grid-field')
    await grid.scrollIntoViewIfNeeded()
    const box = await grid.boundingBox()
    if (box === null) throw new Error('no drawing')
    await page.mouse.click(box.x + box.width * 0.15, box.y + box.height * 0.15)
    await expect.poll(async () => (await visit.xml()).match(/<field>([^<]*)/)?.[1]?.split(';').length).toBe(5)
    await shot(`form-land-${mode}`)
    await at('undo-field').click()
    await expect.poll(async () => (await visit.xml()).match(/<field>([^<]*)/)?.[1]?.split(';').length).toBe(4)
    // A corner is moved.
    const corner = await at('point-field-1').locator('.dot').boundingBox()
    if (corner === null) throw new Error('no corner')
    await page.mouse.move(corner.x + 4, corner.y + 4)
    await page.mouse.down()
    await page.mouse.move(corner.x - 40, corner.y + 4, { steps: 5 })
    await page.mouse.up()
    await expect.poll(async () => (await visit.xml()).includes(';39.1 107.9804;')).toBe(false)
  })

  test('photos, marks on them, drawings, signatures, recordings, papers and codes', async () => {
    const { at, kept, page, shot } = await open('media')
    await at('camera-photo').click()
    await at('camera-shoot').click()
    await kept(/<photo[^>]*>photo-[a-z0-9]+\.jpg<\/photo>/)
    await at('input-marked').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: PNG })
    await kept(/<marked[^>]*>marked-[a-z0-9]+\.png</)
    await at('mark-marked').click()
    await stroke(at('input-marked-marks'))
    await at('keep-marks-marked').click()
    await kept(/<marked[^>]*>marked-[a-z0-9]+\.jpg</)
    await stroke(at('input-sketch'))
    const inks = await at('question-sketch').locator('.ink').evaluateAll((all) => all.map((each) => getComputedStyle(each).backgroundColor))
    expect(new Set(inks).size, 'a pen of each colour').toBe(3)
    await kept(/<sketch[^>]*>sketch-[a-z0-9]+\.png</)
    await stroke(at('input-sign'))
    await kept(/<sign[^>]*>sign-[a-z0-9]+\.png</)
    await at('record-sound').click()
    await at('recording-sound').waitFor()
    await shot(`form-recording-${mode}`)
    await page.waitForTimeout(1_300)
    await at('stop-sound').click()
    await kept(/<sound[^>]*>sound-[a-z0-9]+\.webm</)
    await at('play-sound').click()
    await at('input-paper').setInputFiles({ name: '协议.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7') })
    await kept(/<paper[^>]*>paper-[a-z0-9]+\.pdf</)
    await at('input-paper').setInputFiles({ name: 'a.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('MZ') })
    await expect.poll(() => at('question-paper').getByRole('alert').count()).toBe(1)
    await at('input-code').fill('12')
    await kept('<code>12</code>')
    await at('picture-code').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: PNG })
    await expect.poll(() => at('question-code').getByRole('alert').count()).toBe(1)
    await at('picture-code').setInputFiles({ name: 'b.png', mimeType: 'image/png', buffer: await barcode('6901234567892') })
    await kept('<code>6901234567892</code>')
    await showToCamera(await barcode('4006381333931'))
    await at('scan-code').click()
    await kept('<code>4006381333931</code>')
    expect(await at('camera').count()).toBe(0)
    await at('input-ack').click()
    await kept('<ack>OK</ack>')
    expect(await at('question-film').innerText()).toContain('video/*')
    await shot(`form-media-${mode}`)
  })

  test('notes with headings, lists and bold words, as text', async () => {
    const { at, shot } = await open('notes')
    const note = at('question-marked_note')
    expect(await note.locator('.heading').count()).toBeGreaterThan(0)
    expect(await note.locator('a, b, strong').count()).toBe(0)
    if (mode === 'both') expect(await note.locator('.item').count()).toBe(2)
    await shot(`form-notes-${mode}`)
  })
})

/** A white picture of one dot. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8/5+hHgAHggJ/PchI7wAAAABJRU5ErkJggg==',
  'base64',
)

/** The picture of an article's number. */
async function barcode(digits: string): Promise<Buffer> {
  const program = await readFile(createRequire(import.meta.url).resolve('zxing-wasm/writer/zxing_writer.wasm'))
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(program).buffer } })
  const { image } = await writeBarcode(digits, { format: 'EAN13', scale: 3 })
  if (image === null) throw new Error('no barcode')
  return Buffer.from(await image.arrayBuffer())
}

/** From now on the camera sees this picture. */
function showToCamera(picture: Buffer): Promise<void> {
  return visit.page.evaluate(async (address) => {
    const image = new Image()
    image.src = address
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = 640
    canvas.height = 480
    const paint = canvas.getContext('2d')
    setInterval(() => {
      paint?.fillRect(0, 0, canvas.width, canvas.height)
      paint?.drawImage(image, 120, 160)
    }, 50)
    navigator.mediaDevices.getUserMedia = () => Promise.resolve(canvas.captureStream(10))
  }, `data:image/png;base64,${picture.toString('base64')}`)
}

async function stroke(canvas: ReturnType<Visit['at']>) {
  await canvas.scrollIntoViewIfNeeded()
  const box = await canvas.boundingBox()
  if (box === null) throw new Error('nothing to draw on')
  const { mouse } = visit.page
  await mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.3)
  await mouse.down()
  await mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.6, { steps: 8 })
  await mouse.up()
}
