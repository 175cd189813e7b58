// Texts that a pack brings with it, by language code: names of forms, labels of questions and choices.
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import type { Say, TextKey } from '.'

export type Texts = Readonly<Record<string, string>>

/** What pyxform writes by itself, in English only, for `or_other`. */
export const PYXFORMS_WORDS: Readonly<Record<string, TextKey>> = { Other: 'fill.otherChoice', 'Specify other.': 'fill.specifyOther' }

/** The text in a language; where it is not written, Chinese in the language that is read `first`, and nothing beside that. */
export function textOf(
  texts: Texts | undefined,
  tongue: Locale = locale.value,
  first: Locale = locale.value,
): string {
  const pyxforms = PYXFORMS_WORDS[texts?.['zh-Hans'] ?? texts?.[''] ?? '']
  if (pyxforms !== undefined) return t(pyxforms, undefined, tongue)
  const own = texts?.[tongue]
  if (own !== undefined && own !== '') return own
  return tongue === first ? (texts?.['zh-Hans'] ?? texts?.[''] ?? '') : ''
}

/** The same, to be said in any language. */
export function sayTexts(texts: Texts | undefined, otherwise = '', first: () => Locale = () => locale.value): Say {
  return (tongue) => textOf(texts, tongue, first()) || (tongue === first() ? otherwise : '')
}
