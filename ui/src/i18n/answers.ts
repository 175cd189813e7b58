// The words of the built-in forms' questions and choices, for pages that show a finished visit without its form.
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { keyOf, mong, t } from '.'
import type { TextKey } from '.'
import { listText, valueText } from './values'

const HIDDEN = new Set(['started', 'ended', 'notice', 'instanceID', 'meta'])
const CHOSEN = new Set(['outcome', 'purpose', 'topics', 'fraud_app', 'hazards', 'follow_up', 'signed'])

/** The last part of a question's path: `arrival/outcome` and `outcome` are the same question. */
function questionOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The label of a question; `undefined` for one of a form we have no words for. */
export function labelKey(path: string): TextKey | undefined {
  return keyOf('answer', questionOf(path))
}

/** Whether an answer is for people; times and identifiers of the form itself are not. */
export function isForPeople(path: string): boolean {
  return !HIDDEN.has(questionOf(path))
}

/** Choice names as words, in the order they were chosen; a name we have no word for stays as it is. */
export function choiceWords(
  question: string,
  names: string | readonly string[],
  tongue: Locale = locale.value,
): string[] {
  const list = typeof names === 'string' ? names.split(' ').filter((name) => name !== '') : names
  return list.map((name) => {
    const key = keyOf(`choice.${question}`, name)
    return key === undefined ? name : t(key, {}, tongue)
  })
}

/** An answer as people read it; empty if nothing was answered. */
export function answerText(path: string, answer: unknown, tongue: Locale = locale.value, years = false): string {
  const names = choiceNames(path, answer)
  if (names !== null) return listText(choiceWords(questionOf(path), names, tongue), tongue)
  return valueText(answer, tongue, years)
}

/** The same in traditional Mongolian; empty unless every chosen word is written in it. */
export function answerMong(path: string, answer: unknown): string {
  const words = (choiceNames(path, answer) ?? []).map((name) => {
    const key = keyOf(`choice.${questionOf(path)}`, name)
    return key === undefined ? '' : mong(key)
  })
  return words.includes('') ? '' : words.join('᠂ ')
}

/** What was chosen, as a list or as ODK writes it; `null` for a question without choices. */
function choiceNames(path: string, answer: unknown): string[] | null {
  if (!CHOSEN.has(questionOf(path))) return null
  if (Array.isArray(answer)) return answer.map(String)
  return typeof answer === 'string' ? answer.split(' ').filter((name) => name !== '') : []
}
