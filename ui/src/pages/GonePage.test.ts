import { beforeEach, expect, test } from 'vitest'

import { tablet } from '@/state/tablet'
import { mountPage, settled } from '@/testing/mount'
import { refuse, shutOut, state } from '@/testing/tablet'
import GonePage from './GonePage.vue'

beforeEach(() => {
  tablet.value = state('shut_out')
})

test('what is handed over, how far that is and why it waits is told, and it can be tried at once', async () => {
  const page = await mountPage(GonePage)
  expect(page.at('gone').attributes('data-stage')).toBe('handing_over')
  expect(page.at('gone-what').text()).toContain('17 处修改')
  expect(page.at('gone-what').text()).toContain('1 张没填完的表')
  expect(page.at('progress').attributes('aria-valuenow')).toBe('2100000')
  expect(page.at('refusal').attributes('data-code')).toBe('station_unreachable')
  await page.at('gone-try').trigger('click')
  await settled()
  expect(page.asked('shut_out_start')).toEqual([{}])
})

test('a station without room is told in words of its own', async () => {
  const page = await mountPage(GonePage, { shut_out: () => shutOut({ last_error: { code: 'too_large' } }) })
  expect(page.at('gone-full').text()).toContain('所长')
  expect(page.has('refusal')).toBe(false)
})

test('before the work is sealed a PIN is asked for, and a wrong one is told', async () => {
  const page = await mountPage(GonePage, {
    shut_out: () => shutOut({ stage: 'needs_pin', last_error: null, shelves: [] }),
    unlock: () => refuse('wrong_pin'),
  })
  for (const digit of '482913') await page.at(`pin-key-${digit}`).trigger('click')
  await page.at('pin-done').trigger('click')
  await settled()
  expect(page.asked('unlock')).toEqual([{ officer: 'officer-1', pin: '482913' }])
  expect(page.at('refusal').attributes('data-code')).toBe('wrong_pin')
  expect(page.has('gone-try')).toBe(false)
})

test('the sealed files go onto a stick and the acknowledgement is read from there', async () => {
  const page = await mountPage(GonePage)
  await page.at('gone-export').trigger('click')
  await settled()
  expect(page.asked('shut_out_export')).toEqual([{ folder: '/media/officer/KINGSTON' }])
  expect(page.at('gone-exported').text()).toContain('3')
  await page.at('gone-import').trigger('click')
  await settled()
  expect(page.asked('shut_out_import')).toEqual([{ paths: ['/media/officer/KINGSTON'] }])
})

test('an erased tablet can be enrolled anew', async () => {
  const page = await mountPage(GonePage, { shut_out: () => shutOut({ stage: 'erased', erased_at: 1_782_867_600_000 as never }) })
  await page.at('gone-again').trigger('click')
  await settled()
  expect(tablet.value?.phase).toBe('new')
})

test('a tablet that was let in again shows the lock', async () => {
  await mountPage(GonePage, { shut_out: () => null, tablet_state: () => state('locked') })
  expect(tablet.value?.phase).toBe('locked')
})
