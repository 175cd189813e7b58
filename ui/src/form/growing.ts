// Drawing a long page piece by piece: what is seen first at once, the rest when the tablet has nothing else to do.
import { onMounted, onUnmounted, ref, type Ref } from 'vue'

/** More than a screen of questions. */
const FIRST = 16
const MORE = 24

export interface Growing {
  /** How many are to be drawn now. */
  readonly count: Ref<number>
  /** Draws everything; somebody is about to look for something. */
  all(): void
}

export function useGrowing(total: () => number): Growing {
  const count = ref(FIRST)
  let waiting: number | ReturnType<typeof setTimeout> | undefined

  function grow() {
    waiting = undefined
    count.value += MORE
    later()
  }

  function later() {
    if (count.value >= total()) return
    waiting = 'requestIdleCallback' in window ? window.requestIdleCallback(grow, { timeout: 300 }) : setTimeout(grow, 16)
  }

  function stop() {
    if (typeof waiting === 'number' && 'cancelIdleCallback' in window) window.cancelIdleCallback(waiting)
    else clearTimeout(waiting as ReturnType<typeof setTimeout>)
  }

  onMounted(later)
  onUnmounted(stop)

  return {
    count,
    all() {
      stop()
      count.value = Number.POSITIVE_INFINITY
    },
  }
}
