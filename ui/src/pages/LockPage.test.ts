import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { tablet } from '@/state/tablet'
import { mountPage, settled } from '@/testing/mount'
import type { Mounted } from '@/testing/mount'
import { refuse, state } from '@/testing/tablet'
import LockPage from './LockPage.vue'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
  tablet.value = state('locked')
})
afterEach(() => {
  vi.useRealTimers()
})

async function type(page: Mounted, pin: string): Promise<void> {
  for (const figure of pin) await page.at(`pin-key-${figure}`).trigger('click')
  await page.at('pin-done').trigger('click')
  await settled()
}

test('the chosen officer and the PIN open the tablet', async () => {
  const page = await mountPage(LockPage)
  await page.all('lock-officer')[1]?.trigger('click')
  await type(page, '482913')
  expect(page.asked('unlock')).toEqual([{ officer: 'officer-2', pin: '482913' }])
  expect(tablet.value?.phase).toBe('open')
})

test('a wrong PIN is told, and the next one can be typed at once', async () => {
  const page = await mountPage(LockPage, { unlock: () => refuse('wrong_pin'), tablet_state: () => state('locked') })
  await type(page, '111222')
  expect(page.at('refusal').attributes('data-code')).toBe('wrong_pin')
  expect(page.at('pin-key-1').attributes('disabled')).toBeUndefined()
})

test('after too many wrong PINs the pad waits, counts down and opens again', async () => {
  const page = await mountPage(LockPage, { unlock: () => refuse('pin_delayed', { wait_ms: 30_000 }) })
  await type(page, '111222')
  expect(page.at('lock-delay').text()).toContain('30 秒')
  expect(page.at('pin-key-1').attributes('disabled')).toBeDefined()
  vi.advanceTimersByTime(29_000)
  await settled()
  expect(page.at('lock-delay').text()).toContain('1 秒')
  vi.advanceTimersByTime(1_000)
  await settled()
  expect(page.has('lock-delay')).toBe(false)
  expect(page.at('pin-key-1').attributes('disabled')).toBeUndefined()
})

test('a wait from before a restart is counted down as well', async () => {
  tablet.value = { ...state('locked'), pin_wait_ms: 90_000 }
  const page = await mountPage(LockPage)
  expect(page.at('lock-delay').text()).toContain('90 秒')
})

test('the PIN is never shown and never longer than twelve figures', async () => {
  const page = await mountPage(LockPage)
  for (const figure of '12345678901234') await page.at(`pin-key-${figure}`).trigger('click')
  expect(page.at('pin-places').findAll('.typed')).toHaveLength(12)
  expect(page.at('pin-places').text()).toBe('')
  await page.at('pin-erase').trigger('click')
  expect(page.at('pin-places').findAll('.typed')).toHaveLength(11)
})

test('fewer than six figures are not sent', async () => {
  const page = await mountPage(LockPage)
  await type(page, '12345')
  expect(page.asked('unlock')).toEqual([])
})
