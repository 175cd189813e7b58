import { expect, test } from 'vitest'

import { notice } from '@/state/notice'
import { showIn } from '@/state/display'
import { mountPage, settled } from '@/testing/mount'
import { scene } from '@/testing/scenes'
import HouseholdPage from './HouseholdPage.vue'

const ID = { id: 'household-1' }

test('Mongolian stands beside Chinese where a herder reads, and nowhere in Chinese alone', async () => {
  const page = await mountPage(HouseholdPage, {}, ID)
  expect(page.at('household-name').find('[lang="mn-Mong"]').text()).toBe('ᠴᠡᠴᠡᠭ')
  expect(page.at('start-visit').find('[lang="mn-Mong"]').exists()).toBe(true)
  showIn('zh')
  await settled()
  expect(page.page.find('[lang="mn-Mong"]').exists()).toBe(false)
})

test('a corrected telephone is saved as one field', async () => {
  const page = await mountPage(HouseholdPage, {}, ID)
  await page.at('phone-edit').trigger('click')
  await page.at('phone-input').setValue(' 13912345678 ')
  await page.at('phone-save').trigger('click')
  await settled()
  expect(page.asked('edit')).toEqual([{ id: 'household-1', fields: { phone: '13912345678' }, seen: ['revision-1'] }])
  expect(page.asked('household')).toHaveLength(2)
  expect(notice.value?.('zh-Hans')).toContain('等待同步')
})

test('an emptied telephone is removed, an unchanged one is not saved', async () => {
  const page = await mountPage(HouseholdPage, {}, ID)
  await page.at('phone-edit').trigger('click')
  await page.at('phone-save').trigger('click')
  expect(page.asked('edit')).toEqual([])
  await page.at('phone-edit').trigger('click')
  await page.at('phone-input').setValue('')
  await page.at('phone-save').trigger('click')
  await settled()
  expect(page.asked('edit')).toEqual([{ id: 'household-1', fields: { phone: null }, seen: ['revision-1'] }])
})

test('a conflict is told with what it is about, and leads to where it is decided', async () => {
  const page = await mountPage(HouseholdPage, { household: scene('long', '').household }, ID)
  expect(page.at('household-conflict').text()).toContain('电话')
  await page.at('household-conflict').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/conflicts/household-1')
})

test('the whole past of a household is one tap away', async () => {
  const page = await mountPage(HouseholdPage, {}, ID)
  await page.at('household-past').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/records/household-1/history')
})

test('a task is marked as done from the history', async () => {
  const page = await mountPage(HouseholdPage, {}, ID)
  await page.at('task-done').trigger('click')
  await settled()
  expect(page.asked('task_done')).toEqual([{ id: 'task-1' }])
})

test('a begun visit is gone on with, never begun a second time', async () => {
  const page = await mountPage(HouseholdPage, { household: scene('long', '').household }, ID)
  expect(page.has('start-visit')).toBe(false)
  await page.at('resume-visit').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/drafts/draft-1')
})

test('a household without anything says so in every part', async () => {
  const page = await mountPage(HouseholdPage, { household: scene('empty', '').household }, ID)
  for (const words of ['没有电话', '没有登记营盘', '没有登记成员', '还没有走访过']) {
    expect(page.at('household').text()).toContain(words)
  }
})
