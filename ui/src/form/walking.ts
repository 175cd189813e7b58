// Recording a way: the receiver is asked again and again while somebody walks, and what is exact enough and far enough
// from the last point becomes a point.
import { onUnmounted, shallowReactive } from 'vue'

import type { Fix } from '@/api/bindings/Fix'
import { distanceM } from './geometry'
import type { FormHost } from './host'
import type { Point } from './question'

/** What came of the last look at the receiver. */
export type Seen =
  | { readonly kind: 'nothing' | 'none' }
  | { readonly kind: 'taken' | 'near' | 'vague'; readonly accuracy_m: number }

/** How often the receiver is asked while somebody walks. */
const EVERY_MS = 2_000
/** Steps shorter than this are the receiver's own trembling. */
const LEAST_M = 2

/** What to do with a fix: take it, or why not. */
export function judge(fix: Fix, last: Point | undefined, exact_m: number, walked: boolean): 'taken' | 'near' | 'vague' {
  if (fix.accuracy_m > exact_m) return 'vague'
  if (walked && last !== undefined && distanceM(last, fix) < Math.max(LEAST_M, fix.accuracy_m / 2)) return 'near'
  return 'taken'
}

export interface Walk {
  readonly now: { readonly walking: boolean; readonly asking: boolean; readonly seen: Seen }
  /** Takes one point where the tablet is. */
  here(): Promise<void>
  /** Begins to record, or pauses. */
  toggle(): void
}

export function useWalk(
  host: FormHost,
  line: { readonly exact_m: number },
  points: () => readonly Point[],
  add: (point: Point) => void,
): Walk {
  const now = shallowReactive<{ walking: boolean; asking: boolean; seen: Seen }>({
    walking: false,
    asking: false,
    seen: { kind: 'nothing' },
  })
  let timer: ReturnType<typeof setTimeout> | undefined

  async function look(walked: boolean) {
    now.asking = true
    const fix = await host.position().catch(() => null)
    now.asking = false
    if (walked && !now.walking) return
    if (fix === null) {
      now.seen = { kind: 'none' }
      return
    }
    const kind = judge(fix, points().at(-1), line.exact_m, walked)
    now.seen = { kind, accuracy_m: fix.accuracy_m }
    if (kind === 'taken') add(fix)
  }

  async function walkOn() {
    await look(true)
    if (now.walking) timer = setTimeout(() => void walkOn(), EVERY_MS)
  }

  onUnmounted(() => {
    now.walking = false
    clearTimeout(timer)
  })

  return {
    now,
    here: () => look(false),
    toggle() {
      now.walking = !now.walking
      clearTimeout(timer)
      if (now.walking) void walkOn()
    },
  }
}
