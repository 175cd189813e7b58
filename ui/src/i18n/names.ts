// Which of a thing's names is shown.
import type { Names } from '@/api/bindings/Names'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import type { Say } from '.'

/** One name, in the language that is asked for; the Chinese name where that one is not written. */
export function nameIn(names: Names, tongue: Locale = locale.value): string {
  const own = tongue === 'mn-Mong' ? names.mong : tongue === 'mn-Cyrl' ? names.cyrl : names.zh
  return [own, names.zh, names.mong, names.cyrl].find(isWritten) ?? t('state.unnamed', {}, tongue)
}

/** The same, to be said within a text of any language. */
export function sayName(names: Names): Say {
  return (tongue) => nameIn(names, tongue)
}

function isWritten(name: string | undefined): name is string {
  return name !== undefined && name !== ''
}
