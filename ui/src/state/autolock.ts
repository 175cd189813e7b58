// When an unattended tablet locks itself.
import { onScopeDispose } from 'vue'

export const UNATTENDED_MS = 5 * 60 * 1000

const SIGNS_OF_LIFE = ['pointerdown', 'keydown', 'scroll'] as const

/** Calls `lock` once nobody has touched the tablet for five minutes, also after it slept. */
export function useAutoLock(lock: () => void): void {
  let touched = Date.now()
  let timer = window.setTimeout(look, UNATTENDED_MS)

  // A sleeping tablet's timers stand still: what counts is the clock.
  function look(): void {
    window.clearTimeout(timer)
    const left = UNATTENDED_MS - (Date.now() - touched)
    if (left <= 0) {
      touched = Date.now()
      lock()
    }
    timer = window.setTimeout(look, left <= 0 ? UNATTENDED_MS : left)
  }

  function touch(): void {
    touched = Date.now()
  }

  for (const sign of SIGNS_OF_LIFE) window.addEventListener(sign, touch, { capture: true, passive: true })
  document.addEventListener('visibilitychange', look)

  onScopeDispose(() => {
    window.clearTimeout(timer)
    for (const sign of SIGNS_OF_LIFE) window.removeEventListener(sign, touch, { capture: true })
    document.removeEventListener('visibilitychange', look)
  })
}
