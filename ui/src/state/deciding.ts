// What an officer has decided so far on the page of a conflict, before it is saved.
import { computed, reactive } from 'vue'
import type { ComputedRef } from 'vue'

import type { ConflictField } from '@/api/bindings/ConflictField'

/** One of the sides, what was before, or something typed. */
export type Pick = { kind: 'side'; index: number } | { kind: 'base' } | { kind: 'typed'; value: unknown }

export interface Deciding {
  picked: (field: string) => Pick | undefined
  pick: (field: string, pick: Pick) => void
  /** Takes, in every field that has one, the side of this tablet, or the first of the others. */
  pickAll: (mine: boolean) => void
  /** Forgets everything, for a page that was read anew. */
  clear: () => void
  /** The values to save, by field. */
  values: ComputedRef<Record<string, unknown>>
}

export function useDeciding(fields: () => readonly ConflictField[]): Deciding {
  const picks = reactive(new Map<string, Pick>())

  const values = computed(() => {
    const decided: Record<string, unknown> = {}
    for (const field of fields()) {
      const pick = picks.get(field.field)
      if (pick !== undefined) decided[field.field] = valueOf(field, pick)
    }
    return decided
  })

  return {
    picked: (field) => picks.get(field),
    pick: (field, pick) => picks.set(field, pick),
    pickAll: (mine) => {
      for (const { field, sides } of fields()) {
        const index = sides.findIndex((side) => side.mine === mine)
        if (index >= 0) picks.set(field, { kind: 'side', index })
      }
    },
    clear: () => {
      picks.clear()
    },
    values,
  }
}

function valueOf(field: ConflictField, pick: Pick): unknown {
  switch (pick.kind) {
    case 'side':
      return field.sides[pick.index]?.value ?? null
    case 'base':
      return field.base?.value ?? null
    case 'typed':
      return pick.value
  }
}
