// What was last looked for among the households, so that coming back from one shows the list as it was left.
import { reactive } from 'vue'

import type { AreaId } from '@/api/bindings/AreaId'

interface Lookup {
  query: string
  area: AreaId | null
  offset: number
}

export const lookup = reactive<Lookup>({ query: '', area: null, offset: 0 })

/** Another officer does not see what this one looked for. */
export function forgetLookup(): void {
  Object.assign(lookup, { query: '', area: null, offset: 0 })
}
