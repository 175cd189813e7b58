// A wait that is counted down on the screen.
import { onScopeDispose, ref } from 'vue'
import type { Ref } from 'vue'

const STEP_MS = 250

export interface Countdown {
  /** Milliseconds left; 0 when it is over. */
  left: Ref<number>
  begin: (ms: number) => void
}

export function useCountdown(): Countdown {
  const left = ref(0)
  let until = 0
  let timer = 0

  function step(): void {
    left.value = Math.max(0, until - Date.now())
    if (left.value === 0) window.clearInterval(timer)
  }

  function begin(ms: number): void {
    window.clearInterval(timer)
    until = Date.now() + ms
    step()
    if (ms > 0) timer = window.setInterval(step, STEP_MS)
  }

  onScopeDispose(() => {
    window.clearInterval(timer)
  })
  return { left, begin }
}
