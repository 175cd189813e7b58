// The words of the interface. Chinese is complete and is what stands where another language has nothing to trust yet;
// review.json tells for every other string where it comes from and whether a person has read it.
import { createI18n } from 'vue-i18n'
import { watchEffect } from 'vue'

import { locale } from '@/state/display'
import cyrillic from './mn-Cyrl.json'
import mongol from './mn-Mong.json'
import chinese from './zh-Hans.json'

type Leaves<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string]

/** Every text there is; a wrong key does not compile. */
export type TextKey = Leaves<typeof chinese>
export type Named = Record<string, string | number>

export const i18n = createI18n({
  legacy: false,
  locale: locale.value,
  fallbackLocale: 'zh-Hans',
  messages: { 'zh-Hans': chinese, 'mn-Mong': mongol, 'mn-Cyrl': cyrillic },
  missingWarn: false,
  fallbackWarn: false,
})

// At once, so that no sentence is made half in one language and half in another.
watchEffect(
  () => {
    i18n.global.locale.value = locale.value
  },
  { flush: 'sync' },
)

/** The text in the language of the interface. */
export function t(key: TextKey, named: Named = {}): string {
  return i18n.global.t(key, named)
}

/** The same in traditional Mongolian; empty where there is none yet. */
export function mong(key: TextKey, named: Named = {}): string {
  return i18n.global.te(key, 'mn-Mong') ? i18n.global.t(key, named, { locale: 'mn-Mong' }) : ''
}

/** The key for a word that comes from outside, such as a role or a choice; `undefined` if we have none. */
export function keyOf(group: string, name: string): TextKey | undefined {
  const key = `${group}.${name}`
  return i18n.global.te(key, 'zh-Hans') ? (key as TextKey) : undefined
}
