// One sentence that says what was just done; it goes by itself, or at a touch.
import { shallowRef } from 'vue'

import { t } from '@/i18n'
import type { Named, Say, TextKey } from '@/i18n'

const SHOWN_MS = 6000

export const notice = shallowRef<Say | null>(null)
let timer = 0

export function say(key: TextKey, named: Named = {}): void {
  notice.value = (tongue) => t(key, named, tongue)
  window.clearTimeout(timer)
  timer = window.setTimeout(hush, SHOWN_MS)
}

export function hush(): void {
  notice.value = null
}
