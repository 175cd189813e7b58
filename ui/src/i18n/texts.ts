// Texts that a pack brings with it, by language code: names of forms, labels of questions and choices.
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import type { Say } from '.'

export type Texts = Readonly<Record<string, string>>

/** The text in a language; where it is not written, Chinese in the language that is read `first`, and nothing beside that. */
export function textOf(
  texts: Texts | undefined,
  tongue: Locale = locale.value,
  first: Locale = locale.value,
): string {
  const own = texts?.[tongue]
  if (own !== undefined && own !== '') return own
  return tongue === first ? (texts?.['zh-Hans'] ?? texts?.[''] ?? '') : ''
}

/** The same, to be said in any language. */
export function sayTexts(texts: Texts | undefined, otherwise = '', first: () => Locale = () => locale.value): Say {
  return (tongue) => textOf(texts, tongue, first()) || (tongue === first() ? otherwise : '')
}
