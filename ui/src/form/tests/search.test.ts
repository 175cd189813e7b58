import { expect, it } from 'vitest'

import type { Choice } from '../question'
import { matching } from '../search'

const choice = (value: string, zh: string, mong = '', cyrl = '', en = ''): Choice => ({ value, label: { zh, mong, cyrl, en }, picture: null })
const CHOICES = [
  choice('h1', '巴图', 'ᠪᠠᠲᠤ', 'Бат'),
  choice('h2', '巴图吉日嘎拉', 'ᠪᠠᠲᠤ ᠵᠢᠷᠭᠠᠯ', 'Батжаргал'),
  choice('h3', '其其格', 'ᠴᠡᠴᠡᠭ', 'Цэцэг'),
  choice('h4', 'José Müller', 'ᠨᠡᠷ\u180Eᠡ\u180B ᠳ\u202Fᠤᠨ'),
]
const found = (typed: string) => matching(CHOICES, typed).map((each) => each.value)

it.each([
  ['巴图', ['h1', 'h2']],
  ['图吉', ['h2']],
  ['ᠪᠠᠲᠤ', ['h1', 'h2']],
  ['ᠵᠢᠷ', ['h2']],
  ['цэц', ['h3']],
  ['ЦЭЦ', ['h3']],
  ['jose', ['h4']],
  ['muller jos', ['h4']],
  ['ᠨᠡᠷᠡ', ['h4']],
  ['ᠳ ᠤᠨ', ['h4']],
  ['巴 吉', ['h2']],
  ['h3', ['h3']],
  ['无', []],
])('what is typed as %s finds %j', (typed, values) => {
  expect(found(typed)).toEqual(values)
})

it('finds everything before anything is typed', () => {
  expect(found(' ')).toHaveLength(CHOICES.length)
})
