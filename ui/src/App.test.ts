import { expect, test } from 'vitest'

import { call } from '@/api'
import type { OfficerId } from '@/api/bindings/OfficerId'
import { tablet } from '@/state/tablet'
import { mountPage, settled } from '@/testing/mount'
import { id } from '@/testing/people'
import { refuse, state } from '@/testing/tablet'
import App from './App.vue'

async function shown(...args: Parameters<typeof mountPage> extends [unknown, ...infer Rest] ? Rest : never) {
  const app = await mountPage(App, ...args)
  await settled()
  return app
}

test('a new tablet can only be enrolled', async () => {
  const app = await shown({ tablet_state: () => state('new') })
  expect(app.has('enrol-invite')).toBe(true)
  await app.router.push('/households')
  expect(app.router.currentRoute.value.name).toBe('enrol')
})

test('a locked tablet opens where it was locked', async () => {
  const app = await shown()
  await app.router.push('/households/household-7')
  await settled()
  await app.at('nav-lock').trigger('click')
  await settled()
  expect(app.router.currentRoute.value.name).toBe('lock')
  // The tablet itself is opened too: the window looks again every two seconds.
  tablet.value = await call('unlock', { officer: id<OfficerId>('officer', 1), pin: '135790' })
  await settled()
  expect(app.router.currentRoute.value.fullPath).toBe('/households/household-7')
})

test('a page that is told the core is locked gives way to the lock', async () => {
  const app = await shown({ household: () => refuse('locked') })
  await app.router.push('/households/household-1')
  await settled()
  expect(app.has('lock')).toBe(true)
})

test('a file of a newer program is told instead of an empty window', async () => {
  const app = await shown({ tablet_state: () => refuse('file_too_new') })
  expect(app.at('refusal').text()).toContain('更新')
  expect(app.has('retry')).toBe(true)
})

test('while a form is filled there is no bar to leave it by accident', async () => {
  const app = await shown({ begin_form: () => refuse('disk_full') })
  await app.router.push('/households/household-1/visit')
  await settled()
  expect(app.has('form-page')).toBe(true)
  expect(app.has('nav-today')).toBe(false)
})

test('English can be chosen', async () => {
  const app = await shown()
  await app.at('nav-display').trigger('click')
  document.querySelector<HTMLButtonElement>('[data-testid="display-en"]')?.click()
  await settled()
  expect(app.at('nav-today').text()).toBe('Today')
})

test('the display can be turned to vertical Mongolian and back', async () => {
  const app = await shown()
  await app.at('nav-display').trigger('click')
  document.querySelector<HTMLButtonElement>('[data-testid="display-mn-Mong"]')?.click()
  await settled()
  expect(app.at('nav-today').text()).toBe('ᠥᠨᠦᠳᠦᠷ')
  expect(localStorage.getItem('ailchin.display')).toBe('mn-Mong')
})
