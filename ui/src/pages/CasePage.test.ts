import { expect, test } from 'vitest'

import { casePage } from '@/testing/casework'
import { mountPage, settled } from '@/testing/mount'
import CasePage from './CasePage.vue'
import CasesPage from './CasesPage.vue'

test('a case says what it is about, how grave it is, what was measured and what was done', async () => {
  const page = await mountPage(CasePage, {}, { id: 'case-0' })
  expect(page.at('case-title').text()).toBe('两家草场的围栏')
  expect(page.at('grade').text()).toContain('橙')
  expect(page.at('case').text()).toContain('1,334')
  expect(page.at('case').text()).toContain('2')
  expect(page.all('case-activity')).toHaveLength(2)
  expect(page.has('case-conflict')).toBe(false)
})

test('only forms about a case are offered, and one that was begun goes on', async () => {
  const page = await mountPage(CasePage, {}, { id: 'case-0' })
  await page.at('case-forms').trigger('click')
  await settled()
  const offered = [...document.querySelectorAll('[data-testid^="form-"]')].map((each) => each.getAttribute('data-testid'))
  expect(offered).toEqual(['form-mediation_session'])
})

test('a case on which tablets differ leads to the decision', async () => {
  const page = await mountPage(CasePage, { case: () => ({ ...casePage(1), conflict: true }) }, { id: 'case-1' })
  expect(page.at('case-conflict').text()).toContain('不一样')
})

test('open cases stand in a list with their state and what is due; an empty list says so', async () => {
  const page = await mountPage(CasesPage)
  const lines = page.all('case-line')
  expect(lines).toHaveLength(7)
  expect(lines[0]?.text()).toContain('已受理')
  const none = await mountPage(CasesPage, { cases: () => ({ total: 0, lines: [] }) })
  expect(none.has('empty')).toBe(true)
})
