// The words of the interface, complete in every language; review.json tells for every Mongolian text where it comes from
// and whether a person has read it.
import { createI18n } from 'vue-i18n'
import { watchEffect } from 'vue'

import { displayMode, locale } from '@/state/display'
import type { Locale } from '@/state/display'
import english from './en.json'
import { icu } from './icu'
import cyrillic from './mn-Cyrl.json'
import mongol from './mn-Mong.json'
import chinese from './zh-Hans.json'

type Leaves<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Leaves<T[K]>}` }[keyof T & string]
type Same<T> = { [K in keyof T]: T[K] extends string ? string : Same<T[K]> }

/** Every text there is; a wrong key does not compile. */
export type TextKey = Leaves<typeof chinese>
export type Named = Record<string, string | number>
/** Something that can be said in any of the languages. */
export type Say = (tongue: Locale) => string

const messages: Record<Locale, Same<typeof chinese>> = {
  'zh-Hans': chinese,
  'mn-Mong': mongol,
  'mn-Cyrl': cyrillic,
  en: english,
}

export const i18n = createI18n({
  legacy: false,
  locale: locale.value,
  fallbackLocale: 'zh-Hans',
  messages,
  messageCompiler: icu,
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

/** The text, in the language of the interface if no other is asked for. */
export function t(key: TextKey, named: Named = {}, tongue: Locale = locale.value): string {
  return i18n.global.t(key, named, { locale: tongue })
}

/** The same in traditional Mongolian. */
export function mong(key: TextKey, named: Named = {}): string {
  return t(key, named, 'mn-Mong')
}

/** What stands beside the Chinese where officer and herder read together; empty in the other modes. */
export function besideOf(say: Say): string {
  return displayMode.value === 'both' ? say('mn-Mong') : ''
}

/** The key for a word that comes from outside, such as a role or a choice; `undefined` if we have none. */
export function keyOf(group: string, name: string): TextKey | undefined {
  const key = `${group}.${name}`
  return i18n.global.te(key, 'zh-Hans') ? (key as TextKey) : undefined
}
