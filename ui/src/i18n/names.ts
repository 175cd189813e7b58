// Which of a thing's names is shown.
import type { Names } from '@/api/bindings/Names'
import { displayMode } from '@/state/display'
import { t } from '.'

/** One name, in the language of the interface; the Chinese name where that one is not written. */
export function nameIn(names: Names): string {
  const own = displayMode.value === 'mn-Mong' ? names.mong : displayMode.value === 'mn-Cyrl' ? names.cyrl : names.zh
  return [own, names.zh, names.mong, names.cyrl].find(isWritten) ?? t('state.unnamed')
}

function isWritten(name: string | undefined): name is string {
  return name !== undefined && name !== ''
}
