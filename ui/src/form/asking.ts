// What every question on the page shares: who reads, where files go, and whether everything missing is to be shown.
import { inject, provide } from 'vue'
import type { InjectionKey, Ref } from 'vue'

import type { DisplayMode } from '@/state/display'
import type { FormHost } from './host'
import type { Question } from './question'
import type { Saver } from './saver'

export interface Asking {
  readonly mode: Readonly<Ref<DisplayMode>>
  readonly host: FormHost
  /** Set once the officer has tried to finish: from then on unanswered required questions are complained about. */
  readonly strict: Readonly<Ref<boolean>>
  /** The question that is about to be shown; what hides it opens. */
  readonly aim: Readonly<Ref<string | null>>
  /** Goes on to what is to be answered after this question. */
  readonly onward: (question: Question) => void
  /** Makes a saver part of the form: its failures are shown, and the form waits for it before it finishes. */
  readonly track: (saver: Saver) => void
}

const ASKING: InjectionKey<Asking> = Symbol('asking')

export function provideAsking(asking: Asking): void {
  provide(ASKING, asking)
}

export function useAsking(): Asking {
  const asking = inject(ASKING)
  if (asking === undefined) throw new Error('A question was drawn outside of a form')
  return asking
}
