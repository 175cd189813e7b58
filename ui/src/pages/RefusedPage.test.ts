import { expect, test } from 'vitest'

import { notice } from '@/state/notice'
import { mountPage, settled } from '@/testing/mount'
import { refusedLine, refusedList } from '@/testing/undecided'
import RefusedCorrectPage from './RefusedCorrectPage.vue'
import RefusedPage from './RefusedPage.vue'

test('every refused change says which record, why, and what was in it', async () => {
  const page = await mountPage(RefusedPage)
  const lines = page.all('refused-line')
  expect(lines).toHaveLength(3)
  expect(lines[0]?.text()).toContain('不在这台平板负责的区域')
  expect(lines[0]?.text()).toContain('13900000000')
  expect(lines[1]?.text()).toContain('宣讲')
  expect(lines[1]?.text()).toContain('防范诈骗、防火')
  expect(lines[1]?.text()).not.toContain('<data/>')
})

test('to send again is offered only where it can help', async () => {
  const page = await mountPage(RefusedPage)
  expect(page.all('refused-again')).toHaveLength(1)
  expect(page.has('refused-again-all')).toBe(false)
  await page.at('refused-again').trigger('click')
  await settled()
  expect(page.asked('refused_correct')).toEqual([{ revision: 'revision-102', fields: {} }])
  expect(page.asked('refused')).toHaveLength(2)
})

test('several that may go now go together', async () => {
  const lines = [0, 1].map((n) => refusedLine(n, { may_go_now: true, in_scope: true }))
  const page = await mountPage(RefusedPage, { refused: () => refusedList({ lines, total: 2 }), refused_again: () => ({ saved: 2 }) })
  await page.at('refused-again-all').trigger('click')
  await settled()
  expect(page.asked('refused_again')).toHaveLength(1)
  expect(notice.value?.('zh-Hans')).toContain('2 处')
})

test('nothing is discarded without asking, and what was discarded can be taken back', async () => {
  const page = await mountPage(RefusedPage, {
    refused: () => refusedList({ discarded: [refusedLine(7)] }),
  })
  await page.all('refused-discard')[0]?.trigger('click')
  await settled()
  expect(page.asked('refused_discard')).toEqual([])
  document.querySelector<HTMLElement>('[data-testid="refused-discard-do"]')?.click()
  await settled()
  expect(page.asked('refused_discard')).toEqual([{ revision: 'revision-100' }])
  await page.at('refused-take-back').trigger('click')
  await settled()
  expect(page.asked('refused_take_back')).toEqual([{ revision: 'revision-107' }])
})

test('an export says where the file is and how many changes are in it', async () => {
  const page = await mountPage(RefusedPage)
  await page.at('refused-export').trigger('click')
  await settled()
  expect(page.at('refused-exported').text()).toContain('refused-202611230915-1.ndjson')
  expect(page.at('refused-exported').text()).toContain('3 处')
})

test('a correction needs an area of this tablet, and saves only what was changed', async () => {
  const page = await mountPage(RefusedCorrectPage, {}, { id: 'revision-101' })
  expect(page.at('refused-save').attributes('disabled')).toBeDefined()
  await page.all('refused-area')[1]?.trigger('click')
  await page.at('typed-answer.purpose-return_visit').trigger('click')
  await page.at('typed-answer.topics-fire').trigger('click')
  await page.at('refused-save').trigger('click')
  await settled()
  expect(page.asked('refused_correct')).toEqual([
    { revision: 'revision-101', area: 'area-1', fields: { 'answer.purpose': 'return_visit', 'answer.topics': ['fraud'] } },
  ])
  expect(page.router.currentRoute.value.name).toBe('refused')
})

test('nothing to do is said, without claiming that the station took everything', async () => {
  const page = await mountPage(RefusedPage, { refused: () => refusedList({ lines: [], total: 0 }) })
  expect(page.at('empty').text()).toContain('没有需要处理的修改')
  expect(page.has('refused-export')).toBe(false)
})
