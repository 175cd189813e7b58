// Which languages the interface shows, and in which direction it runs. Kept on this tablet, not per person.
import { computed, ref, watchEffect } from 'vue'

/** `both`: Chinese, with Mongolian beside it where a herder reads. */
export type DisplayMode = 'both' | 'zh' | 'mn-Mong' | 'mn-Cyrl' | 'en'
export type Locale = 'zh-Hans' | 'mn-Mong' | 'mn-Cyrl' | 'en'

export const DISPLAY_MODES: readonly DisplayMode[] = ['both', 'zh', 'mn-Mong', 'mn-Cyrl', 'en']

const KEPT_AS = 'ailchin.display'

const LOCALES: Record<DisplayMode, Locale> = {
  both: 'zh-Hans',
  zh: 'zh-Hans',
  'mn-Mong': 'mn-Mong',
  'mn-Cyrl': 'mn-Cyrl',
  en: 'en',
}

export const displayMode = ref<DisplayMode>(kept())
export const locale = computed(() => LOCALES[displayMode.value])
/** Whether the whole interface runs in vertical columns. */
export const vertical = computed(() => displayMode.value === 'mn-Mong')

export function showIn(mode: DisplayMode): void {
  displayMode.value = mode
  localStorage.setItem(KEPT_AS, mode)
}

/** Keeps the page's language and direction with the mode. */
export function followDisplayMode(root: HTMLElement): void {
  watchEffect(() => {
    root.lang = locale.value
    root.toggleAttribute('data-vertical', vertical.value)
  })
}

function kept(): DisplayMode {
  const mode = localStorage.getItem(KEPT_AS)
  return DISPLAY_MODES.find((known) => known === mode) ?? 'both'
}
