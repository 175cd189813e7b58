import { expect, test } from 'vitest'

import { mountPage, settled } from '@/testing/mount'
import { replies, refuse } from '@/testing/tablet'
import TodayPage from './TodayPage.vue'

test('what is due, what was begun, what waits and the last receipt are on one page', async () => {
  const page = await mountPage(TodayPage)
  expect(page.all('today-task')).toHaveLength(6)
  const drafts = page.all('today-draft')
  expect(drafts).toHaveLength(2)
  expect(drafts[1]?.text()).toContain('巡逻')
  expect(page.at('today-cases').text()).toContain('7')
  expect(page.at('today-waiting').text()).toContain('3 条记录')
  expect(page.at('today-receipt').text()).toContain('42 / 42 处修改')
  expect(page.at('today-conflicts').text()).toContain('1 条记录')
})

test('an overdue task says by how many days', async () => {
  const page = await mountPage(TodayPage)
  expect(page.all('today-task')[0]?.text()).toContain('已过期 4 天')
  expect(page.all('today-task')[3]?.text()).toContain('今天到期')
})

test('a draft is deleted only after a second question', async () => {
  const page = await mountPage(TodayPage)
  await page.at('draft-delete').trigger('click')
  expect(page.asked('delete_draft')).toEqual([])
  const confirm = document.querySelector<HTMLButtonElement>('[data-testid="draft-delete-do"]')
  confirm?.click()
  await settled()
  expect(page.asked('delete_draft')).toEqual([{ id: 'draft-1' }])
  expect(page.asked('today')).toHaveLength(2)
})

test('a deleted draft can be taken back', async () => {
  const page = await mountPage(TodayPage)
  await page.at('draft-delete').trigger('click')
  document.querySelector<HTMLButtonElement>('[data-testid="draft-delete-do"]')?.click()
  await settled()
  await page.at('draft-undo').trigger('click')
  await settled()
  expect(page.asked('restore_draft')).toEqual([{ id: 'draft-1' }])
  expect(page.has('draft-undo')).toBe(false)
})

test('a form about an area is begun after asking where', async () => {
  const page = await mountPage(TodayPage)
  await page.at('today-forms').trigger('click')
  await settled()
  const offered = [...document.querySelectorAll('[data-testid^="form-"]')].map((each) => each.getAttribute('data-testid'))
  expect(offered).toContain('form-patrol')
  expect(offered).not.toContain('form-household_visit')
  document.querySelector<HTMLButtonElement>('[data-testid="form-patrol"]')?.click()
  await settled()
  expect(document.querySelectorAll('[data-testid="form-area"]').length).toBeGreaterThan(1)
})

test('without a receipt nothing claims to be at the station', async () => {
  const full = await replies().today({})
  const page = await mountPage(TodayPage, { today: () => ({ ...full, receipt: null }) })
  expect(page.at('today-receipt').text()).toContain('还没有回执')
})

test('a refusal stands in words and can be tried again', async () => {
  let broken = true
  const page = await mountPage(TodayPage, {
    today: () => (broken ? refuse('file_failed') : replies().today({})),
  })
  expect(page.at('refusal').text()).toContain('数据文件')
  broken = false
  await page.at('retry').trigger('click')
  await settled()
  expect(page.has('refusal')).toBe(false)
  expect(page.has('today')).toBe(true)
})
