import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { effectScope } from 'vue'
import type { EffectScope } from 'vue'

import { UNATTENDED_MS, useAutoLock } from './autolock'

let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function watched() {
  const lock = vi.fn()
  scope.run(() => {
    useAutoLock(lock)
  })
  return lock
}

test('a tablet that nobody touches locks itself after five minutes', () => {
  const lock = watched()
  vi.advanceTimersByTime(UNATTENDED_MS - 1)
  expect(lock).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(lock).toHaveBeenCalledTimes(1)
})

test('every touch begins the five minutes anew', () => {
  const lock = watched()
  vi.advanceTimersByTime(UNATTENDED_MS - 1000)
  window.dispatchEvent(new Event('pointerdown'))
  vi.advanceTimersByTime(UNATTENDED_MS - 1000)
  expect(lock).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1000)
  expect(lock).toHaveBeenCalledTimes(1)
})

test('a tablet that slept through the time locks as soon as it wakes', () => {
  const lock = watched()
  vi.setSystemTime(Date.now() + UNATTENDED_MS)
  document.dispatchEvent(new Event('visibilitychange'))
  expect(lock).toHaveBeenCalledTimes(1)
})

test('nothing is locked once the window is gone', () => {
  const lock = watched()
  scope.stop()
  vi.advanceTimersByTime(2 * UNATTENDED_MS)
  expect(lock).not.toHaveBeenCalled()
})
