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
