// What comes out of the printer: slip and form, on A4 and on the roll, read out of the PDF and drawn to be looked at.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openBrowser, PICTURES, visitPage, type Visit } from './browser'
import { readPdf, type Read } from './pdf.js'

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser.close())

function openPrint(id: string, mode: string): Promise<Visit> {
  return visitPage(browser, `/src/testing/gallery.html?scene=day&mode=${mode}#/visits/${id}/print`)
}

async function print({ page, at }: Visit, what: 'slip' | 'form', paper: 'a4' | 'roll', picture: string): Promise<Read> {
  await at(`print-${what}`).click()
  await at(`print-${paper}`).click()
  await page.evaluate(() => document.fonts.ready)
  await page.waitForFunction(() => [...document.images].every((image) => image.complete))
  await page.waitForTimeout(200)
  const bytes = await page.pdf({ preferCSSPageSize: true })
  await mkdir(PICTURES, { recursive: true })
  return readPdf(new Uint8Array(bytes), join(PICTURES, `${picture}-${what}-${paper}.png`))
}

function mongolianOf(text: string): number {
  return text.match(/[\u1820-\u1842]/gu)?.length ?? 0
}

/** A PDF keeps shapes, not letters: those that look alike are read as one. */
function shapes(text: string): string {
  return text.replace(/\u1824/gu, '\u1823').replace(/\u1826/gu, '\u1825').replace(/\u182C/gu, '\u182D')
}

describe.each(['both', 'mn-Mong'])('while the tablet shows %s', (mode) => {
  test('the slip is one sheet, and one piece of the roll', async () => {
    const visit = await openPrint('visit-1', mode)
    const sheet = await print(visit, 'slip', 'a4', `paper-${mode}`)
    expect(sheet).toMatchObject({ pages: 1, over: 0 })
    expect(sheet.widthMm).toBeCloseTo(210, 0)
    expect(sheet.heightMm).toBeCloseTo(297, 0)
    const roll = await print(visit, 'slip', 'roll', `paper-${mode}`)
    expect(roll).toMatchObject({ pages: 1, over: 0 })
    expect(roll.widthMm).toBeCloseTo(80, 0)
    for (const { text } of [sheet, roll]) {
      for (const line of ['走访回执单', '防范诈骗、防火', '2026年12月1日', '宝力道', '查干派出所', '96110', '保存 24 个月']) {
        expect(text).toContain(line)
      }
      for (const word of ['ᠶᠠᠷᠢᠭᠰᠠᠨ', 'ᠬᠠᠳᠠᠭᠠᠯᠠᠵᠤ', 'ᠵᠠᠰᠠᠭᠤᠯᠵᠤ', 'ᠪᠣᠯᠣᠳ']) expect(shapes(text)).toContain(shapes(word))
      expect(mongolianOf(text)).toBeGreaterThan(400)
      expect(text).not.toContain('已走访')
    }
    expect(mongolianOf(roll.text)).toBe(mongolianOf(sheet.text))
    expect(visit.troubles).toEqual([])
    await visit.page.close()
  })

  test('the form has every answer on either paper', async () => {
    const visit = await openPrint('visit-1', mode)
    const sheet = await print(visit, 'form', 'a4', `paper-${mode}`)
    const roll = await print(visit, 'form', 'roll', `paper-${mode}`)
    expect(sheet.over).toBe(0)
    expect(roll).toMatchObject({ pages: 1, over: 0 })
    expect(roll.widthMm).toBeCloseTo(80, 0)
    for (const { text } of [sheet, roll]) {
      for (const line of ['填写的表格', '已走访', '在场人数', '照片和签名']) expect(text).toContain(line)
      expect(mongolianOf(text)).toBeGreaterThan(250)
    }
    expect(visit.troubles).toEqual([])
    await visit.page.close()
  })
})

test('a sealed form comes with its repeats and what was added', async () => {
  const visit = await openPrint('activity-0', 'both')
  for (const paper of ['a4', 'roll'] as const) {
    const { text, over, pages } = await print(visit, 'form', paper, 'paper-sealed')
    for (const line of ['已封存', '到场的人', '补充内容', '围栏已经修好']) expect(text).toContain(line)
    expect(over).toBe(0)
    if (paper === 'roll') expect(pages).toBe(1)
  }
  await visit.page.close()
})

test('Mongolian stands in upright columns beside the Chinese, to its right, and nothing of it is lost', async () => {
  const { page, at } = await openPrint('visit-1', 'both')
  await page.emulateMedia({ media: 'print' })
  await at('print-paper').waitFor()
  await page.evaluate(() => document.fonts.ready)
  const blocks = await page.locator('.on-paper .block').evaluateAll((all) =>
    all.flatMap((block) => {
      const chinese = block.querySelector('.zh')?.getBoundingClientRect()
      const columns = block.querySelector('.mongols')
      if (chinese === undefined || columns === null) return []
      const whole = columns.getBoundingClientRect()
      const letters = [...columns.querySelectorAll('.mong')].map((text) => text.getBoundingClientRect())
      return [{
        said: columns.textContent,
        mode: getComputedStyle(columns).writingMode,
        beside: whole.left - chinese.right,
        below: Math.max(...letters.map((each) => each.bottom - whole.bottom)),
        // A face is a little broader than its column.
        aside: Math.max(...letters.map((each) => each.right - whole.right)),
      }]
    }),
  )
  expect(blocks.length).toBeGreaterThan(3)
  for (const block of blocks) {
    expect(block.mode).toBe('vertical-lr')
    expect(block.beside).toBeGreaterThanOrEqual(0)
    expect(block.below, block.said).toBeLessThanOrEqual(1)
    expect(block.aside, block.said).toBeLessThanOrEqual(3)
  }
  await page.close()
})

test('nothing else of the window is on the paper', async () => {
  const visit = await openPrint('visit-1', 'both')
  const { text } = await print(visit, 'slip', 'a4', 'paper-both')
  expect(text).not.toContain('80 毫米')
  await visit.page.emulateMedia({ media: 'print' })
  expect(await visit.at('print-do').isVisible()).toBe(false)
  expect(await visit.at('print-paper').isVisible()).toBe(true)
  await visit.page.close()
})
