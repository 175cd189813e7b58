import { expect, test } from 'vitest'

import { showIn } from '@/state/display'
import { notice } from '@/state/notice'
import { mountPage, settled } from '@/testing/mount'
import { conflictPage, crowdedConflict } from '@/testing/undecided'
import { refuse } from '@/testing/tablet'
import ConflictPage from './ConflictPage.vue'
import ConflictsPage from './ConflictsPage.vue'

const ID = { id: 'household-3' }

test('the list says how many, what about, and how many were decided this month', async () => {
  const page = await mountPage(ConflictsPage)
  expect(page.all('conflict-line')).toHaveLength(4)
  expect(page.all('conflict-line')[0]?.text()).toContain('姓名、姓名（蒙古文）、电话')
  expect(page.at('conflicts-decided').text()).toContain('3 处')
  await page.all('conflict-line')[1]?.trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/conflicts/person-1')
})

test('every field says what was before, whose each side is, and that nothing is chosen yet', async () => {
  const page = await mountPage(ConflictPage, {}, ID)
  const fields = page.all('conflict-field')
  expect(fields.map((field) => field.attributes('data-field'))).toEqual(['name_zh', 'name_mong', 'phone', 'winter_camp'])
  expect(fields[2]?.text()).toContain('13800000003')
  const sides = fields[2]?.findAll('[data-testid="conflict-side"]') ?? []
  expect(sides[0]?.text()).toContain('对方的')
  expect(sides[0]?.text()).toContain('李明')
  expect(sides[1]?.text()).toContain('我的')
  expect(sides[1]?.text()).toContain('（已清空）')
  expect(page.at('conflict-save').attributes('disabled')).toBeDefined()
})

test('one tap takes a side; what is not chosen is not saved', async () => {
  const page = await mountPage(ConflictPage, { decide: () => ({ revision: 'r' as never, left: 3 }) }, ID)
  await page.all('conflict-field')[2]?.find('[data-mine="true"]').trigger('click')
  await page.at('conflict-save').trigger('click')
  await settled()
  expect(page.asked('decide')).toEqual([{ id: 'household-3', seen: ['revision-1', 'revision-2'], fields: { phone: null } }])
  expect(notice.value?.('zh-Hans')).toContain('还有 3 项')
  expect(page.asked('conflict')).toHaveLength(2)
})

test('all of mine or all of theirs are two taps', async () => {
  const page = await mountPage(ConflictPage, {}, ID)
  await page.at('conflict-all-mine').trigger('click')
  await page.at('conflict-all-theirs').trigger('click')
  await page.at('conflict-save').trigger('click')
  await settled()
  expect(page.asked('decide')).toMatchObject([{ fields: { name_zh: '乌云其其格', phone: '13900002222' } }])
  expect(page.router.currentRoute.value.name).toBe('conflicts')
})

test('a value of one’s own is typed with the keys of its field', async () => {
  const page = await mountPage(ConflictPage, {}, ID)
  await page.all('conflict-field')[2]?.find('[data-testid="conflict-type"]').trigger('click')
  const input = page.at('typed-phone').get('input')
  expect(input.attributes('type')).toBe('tel')
  await input.setValue('13700000000')
  await page.at('conflict-save').trigger('click')
  await settled()
  expect(page.asked('decide')).toMatchObject([{ fields: { phone: '13700000000' } }])
})

test('of more than two sides each has its words, and what nobody can type is only chosen', async () => {
  const page = await mountPage(ConflictPage, { conflict: () => crowdedConflict() }, { id: 'person-5' })
  const [moved, role] = page.all('conflict-field')
  expect(role?.findAll('[data-testid="conflict-side"]').map((side) => side.find('.written .own').text())).toEqual(['牧工', '户主', '其他'])
  expect(moved?.find('[data-testid="conflict-type"]').exists()).toBe(false)
  expect(moved?.text()).toContain('白音')
  await role?.find('[data-testid="conflict-type"]').trigger('click')
  await page.at('typed-role-parent').trigger('click')
  await page.at('conflict-save').trigger('click')
  await settled()
  expect(page.asked('decide')).toMatchObject([{ fields: { role: 'parent' } }])
})

test('a refused decision is told and keeps what was chosen', async () => {
  const page = await mountPage(ConflictPage, { decide: () => refuse('field_wrong', { field: 'phone' }) }, ID)
  await page.at('conflict-all-mine').trigger('click')
  await page.at('conflict-save').trigger('click')
  await settled()
  expect(page.at('refusal').attributes('data-code')).toBe('field_wrong')
  expect(page.all('conflict-field').every((field) => field.attributes('data-picked') === 'side')).toBe(true)
})

test('a record that was decided elsewhere says so', async () => {
  const page = await mountPage(ConflictPage, { conflict: () => ({ ...conflictPage(), fields: [] }) }, ID)
  expect(page.at('empty').text()).toContain('没有不一样的地方')
  expect(page.has('conflict-save')).toBe(false)
})

test('Mongolian names stand in their own direction in every language', async () => {
  const page = await mountPage(ConflictPage, {}, ID)
  expect(page.all('conflict-field')[1]?.find('.written [lang="mn-Mong"]').text()).toBe('ᠣᠶᠤᠨ ᠴᠡᠴᠡᠭ')
  showIn('zh')
  await settled()
  expect(page.all('conflict-field')[1]?.find('.written [lang="mn-Mong"]').text()).toBe('ᠣᠶᠤᠨ ᠴᠡᠴᠡᠭ')
})
