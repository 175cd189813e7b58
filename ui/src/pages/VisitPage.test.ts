import { expect, test, vi } from 'vitest'

import { mountPage, settled } from '@/testing/mount'
import { showIn } from '@/state/display'
import VisitPage from './VisitPage.vue'

const ID = { id: 'visit-1' }

test('a finished visit is read in words, in both languages', async () => {
  const page = await mountPage(VisitPage, {}, ID)
  const topics = page.page.get('[data-question="topics"]')
  expect(topics.text()).toContain('防范诈骗、防火')
  expect(topics.findAll('[lang="mn-Mong"]')).toHaveLength(2)
  expect(page.has('waiting-mark')).toBe(true)
})

test('questions that were not answered and the names of files take no place', async () => {
  const page = await mountPage(VisitPage, {}, ID)
  expect(page.page.find('[data-question="hazards"]').exists()).toBe(false)
  expect(page.page.find('[data-question="signature"]').exists()).toBe(false)
})

test('pictures are shown from their bytes and let go with the page', async () => {
  const made = vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1')
  const freed = vi.spyOn(URL, 'revokeObjectURL').mockReturnValue()
  const page = await mountPage(VisitPage, {}, ID)
  await settled()
  expect(page.asked('blob')).toEqual([{ hash: 'a'.repeat(64) }])
  expect(page.at('visit-picture').attributes('src')).toBe('blob:1')
  page.page.unmount()
  expect(made).toHaveBeenCalledTimes(1)
  expect(freed).toHaveBeenCalledWith('blob:1')
})

test('in vertical Mongolian the words that are written in it come alone', async () => {
  showIn('mn-Mong')
  const page = await mountPage(VisitPage, {}, ID)
  expect(page.page.get('[data-question="outcome"]').text()).not.toMatch(/\p{Script=Han}/u)
})

test('a signed form of a pack is read in its own words, only added to, and tells what was added', async () => {
  const page = await mountPage(VisitPage, {}, { id: 'activity-1' })
  expect(page.page.get('[data-question="outcome"]').text()).toContain('达成协议')
  expect(page.page.findAll('[data-question="present"]')).toHaveLength(2)
  expect(page.at('visit-sealed').text()).toContain('只能补充')
  expect(page.has('visit-amend')).toBe(false)
  expect(page.at('visit-addenda').text()).toContain('围栏已经修好')
  await page.at('visit-add').trigger('click')
  await settled()
  const text = document.querySelector<HTMLTextAreaElement>('[data-testid="write-text"]')
  const done = document.querySelector<HTMLButtonElement>('[data-testid="write-done"]')
  expect(done?.disabled).toBe(true)
  if (text !== null) text.value = '  又来电  '
  text?.dispatchEvent(new Event('input'))
  await settled()
  done?.click()
  await settled()
  expect(page.asked('add_to_form')).toEqual([{ id: 'activity-1', text: '  又来电  ' }])
})
