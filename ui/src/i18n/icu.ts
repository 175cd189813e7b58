// Texts in ICU MessageFormat (`{n, plural, one {# photo} other {# photos}}`), behind vue-i18n. No text is turned into
// code: the content policy of the window forbids it.
import { IntlMessageFormat } from 'intl-messageformat'
import type { MessageCompiler, MessageContext, MessageFunction } from 'vue-i18n'

import type { Locale } from '@/state/display'

/** What the engine's `Intl` is asked for. It has no data for the traditional script, and some engines have none for
 * Mongolian at all: figures are then those of English, which are the same; dates are written by ourselves (`time.ts`). */
export const TAGS: Record<Locale, string[]> = {
  'zh-Hans': ['zh-Hans-CN'],
  'mn-Mong': ['mn-Cyrl-MN', 'en'],
  'mn-Cyrl': ['mn-Cyrl-MN', 'en'],
  en: ['en'],
}

const known = new Map<string, MessageFunction>()

export const icu: MessageCompiler = (message, { locale }) => {
  if (typeof message !== 'string') throw new TypeError(`A text of ${locale} is no string`)
  const name = `${locale} ${message}`
  const before = known.get(name)
  if (before !== undefined) return before
  const text = new IntlMessageFormat(message, tagsOf(locale), undefined, { ignoreTag: true })
  const written = (gaps: MessageContext) => String(text.format(gaps.values as Record<string, string | number>))
  known.set(name, written)
  return written
}

function tagsOf(locale: string): string[] {
  return TAGS[locale as Locale]
}
