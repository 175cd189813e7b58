// The words that the form itself says (not the form's author), in all languages at once.
// They live with the interface's other words in vue-i18n, under `fill`.
import type { Composer } from 'vue-i18n'

import { i18n } from '@/i18n'
import type { Texts } from '../texts'
import cyrillic from './mn-Cyrl.json'
import mongol from './mn-Mong.json'
import chinese from './zh-Hans.json'

export type WordKey = keyof typeof chinese
type Named = Record<string, string | number>

const global = i18n.global as unknown as Composer
global.mergeLocaleMessage('zh-Hans', { fill: chinese })
global.mergeLocaleMessage('mn-Mong', { fill: mongol })
global.mergeLocaleMessage('mn-Cyrl', { fill: cyrillic })

/** What is said, in every language it is written in. */
export function words(key: WordKey, named: Named = {}): Texts {
  return {
    zh: wordsIn('zh-Hans', key, named),
    mong: wordsIn('mn-Mong', key, named),
    cyrl: wordsIn('mn-Cyrl', key, named),
  }
}

function wordsIn(locale: 'zh-Hans' | 'mn-Mong' | 'mn-Cyrl', key: WordKey, named: Named): string {
  const path = `fill.${key}`
  return global.te(path, locale) ? global.t(path, named, { locale }) : ''
}
