// What the form itself says, not its author: in every language, for whoever reads it, and for two who read at once.
import { t } from '@/i18n'
import type { Named, TextKey } from '@/i18n'
import type { Texts } from './texts'

const known = new Map<TextKey, Texts>()

/** A text of the interface in every language. */
export function words(key: TextKey, named?: Named): Texts {
  if (named !== undefined) return said(key, named)
  const before = known.get(key)
  if (before !== undefined) return before
  const texts = said(key)
  known.set(key, texts)
  return texts
}

function said(key: TextKey, named?: Named): Texts {
  return { zh: t(key, named, 'zh-Hans'), mong: t(key, named, 'mn-Mong'), cyrl: t(key, named, 'mn-Cyrl'), en: t(key, named, 'en') }
}
