// One question to the tablet's core, as a page lives with it: the answer, the refusal, and whether it is under way.
import { ref, shallowRef } from 'vue'
import type { Ref, ShallowRef } from 'vue'

import { refusalOf } from '@/api'
import type { Refusal } from '@/api/bindings/Refusal'
import { heed } from './tablet'

export interface Asking<In extends unknown[], Out> {
  /** The last answer; kept while it is asked again, so that the page does not jump. */
  answer: ShallowRef<Out | undefined>
  refusal: ShallowRef<Refusal | undefined>
  busy: Ref<boolean>
  /** Asks; only the newest question's answer counts. Gives back whether it was answered. */
  ask: (...request: In) => Promise<boolean>
}

export function useAsking<In extends unknown[], Out>(question: (...request: In) => Promise<Out>): Asking<In, Out> {
  const answer = shallowRef<Out>()
  const refusal = shallowRef<Refusal>()
  const busy = ref(false)
  let newest = 0

  async function ask(...request: In): Promise<boolean> {
    const turn = ++newest
    busy.value = true
    try {
      const out = await question(...request)
      if (turn === newest) {
        answer.value = out
        refusal.value = undefined
      }
      return true
    } catch (thrown) {
      const why = refusalOf(thrown)
      heed(why)
      if (turn === newest) refusal.value = why
      return false
    } finally {
      if (turn === newest) busy.value = false
    }
  }

  return { answer, refusal, busy, ask }
}
