import { expect, test, vi } from 'vitest'

import { showIn } from '@/state/display'
import { mountPage, settled } from '@/testing/mount'
import { refuse } from '@/testing/tablet'
import PrintPage from './PrintPage.vue'

const VISIT = { id: 'visit-1' }
const MEDIATION = { id: 'activity-0' }

function said(element: Element | null | undefined, language: string): string {
  return [...(element?.querySelectorAll(`[lang="${language}"]`) ?? [])].map((each) => each.textContent).join(' ')
}

test('the slip says what was agreed, who to call, how long it is kept and how to correct it, in both languages', async () => {
  const page = await mountPage(PrintPage, {}, VISIT)
  const paper = page.at('print-preview')
  expect(page.at('slip-agreed').text()).toContain('2026年12月1日')
  expect(said(page.at('slip-agreed').element, 'mn-Mong')).toContain('2026 ᠣᠨ')
  expect(page.at('slip-call').text()).toMatch(/宝力道.*查干派出所.*110.*96110/)
  expect(said(page.at('slip-call').element, 'mn-Mong')).toContain('ᠪᠣᠯᠣᠳ')
  expect(page.at('slip-kept').text()).toContain('保存 24 个月')
  expect(page.at('slip-kept').text()).toContain('不需要说明理由')
  expect(said(page.at('slip-kept').element, 'mn-Mong')).toMatch(/24.*ᠬᠠᠳᠠᠭᠠᠯᠠᠵᠤ/)
  expect(paper.text()).not.toContain('已走访')
})

test.each(['both', 'zh', 'mn-Mong', 'mn-Cyrl', 'en'] as const)('paper says the same when the tablet shows %s', async (mode) => {
  const both = (await mountPage(PrintPage, {}, VISIT)).at('print-preview').text()
  showIn(mode)
  expect((await mountPage(PrintPage, {}, VISIT)).at('print-preview').text()).toBe(both)
})

test('the form has every answer, the times of a repeat in groups, what was added, and that it is sealed', async () => {
  const page = await mountPage(PrintPage, {}, MEDIATION)
  await page.at('print-form').trigger('click')
  const paper = page.at('print-preview')
  expect(paper.get('[data-question="outcome"]').text()).toMatch(/调解结果.*达成协议/)
  expect(paper.findAll('[data-question="present"]').map((group) => group.text().slice(0, 1))).toEqual(['1', '2'])
  expect(page.at('paper-addendum').text()).toMatch(/2026年.*围栏已经修好/)
  expect(page.at('paper-sealed').text()).toContain('已封存')
})

test('signatures stand on the form as pictures, under the words of their question', async () => {
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1')
  const freed = vi.spyOn(URL, 'revokeObjectURL').mockReturnValue()
  const page = await mountPage(PrintPage, {}, VISIT)
  await page.at('print-form').trigger('click')
  await settled()
  expect(page.at('paper-picture').attributes('src')).toBe('blob:1')
  expect(page.at('paper-picture').element.closest('.picture')?.textContent).toContain('签名')
  page.page.unmount()
  expect(freed).toHaveBeenCalledWith('blob:1')
})

test('what was answered in Mongolian stands among the Mongolian', async () => {
  const page = await mountPage(PrintPage, { visit: async () => ({ ...(await visitOf()), answers: { opinions: 'ᠵᠠᠮ' } }) }, VISIT)
  const talked = page.at('slip-talked').element
  expect(said(talked, 'mn-Mong')).toContain('ᠵᠠᠮ')
  expect(said(talked, 'zh-Hans')).not.toMatch(/\p{Script=Mongolian}/u)
})

test('the printer is told the paper that was chosen, and no longer when the page is left', async () => {
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(960)
  const rule = vi.spyOn(CSSStyleSheet.prototype, 'replaceSync')
  const print = vi.fn()
  vi.stubGlobal('print', print)
  const before = document.adoptedStyleSheets.length
  const page = await mountPage(PrintPage, {}, VISIT)
  await settled()
  expect(rule).toHaveBeenLastCalledWith(expect.stringContaining('210mm 297mm'))
  await page.at('print-roll').trigger('click')
  await settled()
  await page.at('print-do').trigger('click')
  expect(rule).toHaveBeenLastCalledWith(expect.stringContaining('80mm 257mm'))
  expect(print).toHaveBeenCalledTimes(1)
  expect(document.adoptedStyleSheets).toHaveLength(before + 1)
  page.page.unmount()
  expect(document.adoptedStyleSheets).toHaveLength(before)
  expect(document.querySelector('[data-testid="print-paper"]')).toBeNull()
})

test('a visit that cannot be read is not printed', async () => {
  const page = await mountPage(PrintPage, { visit: () => refuse('not_found') }, VISIT)
  expect(page.has('refusal')).toBe(true)
  expect(page.has('print-do')).toBe(false)
})

async function visitOf() {
  const { replies } = await import('@/testing/tablet')
  return replies().visit({ id: VISIT.id as never })
}

test('what is shown becomes a PDF file on the same paper, and the page says where it is', async () => {
  const asked: unknown[] = []
  const page = await mountPage(
    PrintPage,
    {
      print_file: (wish) => {
        asked.push(wish)
        return { path: '/exports/slip-1.pdf', size_bytes: 1 }
      },
    },
    VISIT,
  )
  await page.at('print-save').trigger('click')
  await settled()
  expect(asked).toEqual([
    { id: 'visit-1', paper: 'slip', page: { width_mm: 210, height_mm: 297, margin_block_mm: 12, margin_inline_mm: 14 } },
  ])
  expect(page.at('print-saved').text()).toContain('/exports/slip-1.pdf')
  await page.at('print-form').trigger('click')
  expect(page.has('print-saved')).toBe(false)
})

test('a device that cannot write a PDF file says so', async () => {
  const page = await mountPage(PrintPage, { print_file: () => refuse('no_printer') }, VISIT)
  await page.at('print-save').trigger('click')
  await settled()
  expect(page.page.text()).toContain('不能存 PDF 文件')
  expect(page.has('print-saved')).toBe(false)
})
