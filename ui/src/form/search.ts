// Finding a choice by what is typed: in any of its languages, whatever the case, accents, and the signs that only shape
// Mongolian letters.
import type { Choice } from './question'

/** A text as it is compared. */
export function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u180B-\u180F\u200C\u200D\u2060\u0300-\u036F]/g, '')
    .replace(/[\s\u202F\u00A0]+/g, ' ')
    .toLowerCase()
    .trim()
}

const known = new WeakMap<Choice, string>()

function wordsOf(choice: Choice): string {
  const read = known.get(choice)
  if (read !== undefined) return read
  const { zh, mong, cyrl, en } = choice.label
  const all = folded([zh, mong, cyrl, en, choice.value].join('\n'))
  known.set(choice, all)
  return all
}

/** The choices that hold every word that is typed; all if nothing is typed. */
export function matching(choices: readonly Choice[], typed: string): readonly Choice[] {
  const wanted = folded(typed).split(' ').filter((word) => word !== '')
  if (wanted.length === 0) return choices
  return choices.filter((choice) => {
    const words = wordsOf(choice)
    return wanted.every((word) => words.includes(word))
  })
}
