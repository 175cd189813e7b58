// On which paper the sheet is that a piece stands on.
import { inject, provide, ref } from 'vue'
import type { InjectionKey, Ref } from 'vue'

import type { Paper } from './sheet'

const PAPER: InjectionKey<Readonly<Ref<Paper>>> = Symbol('paper')

export function providePaper(paper: Readonly<Ref<Paper>>): void {
  provide(PAPER, paper)
}

export function usePaper(): Readonly<Ref<Paper>> {
  return inject(PAPER, ref('a4'))
}
