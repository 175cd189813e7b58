// The words of the built-in forms' questions and choices, for pages that show a finished visit without its form.
import { keyOf, t } from '.'
import type { TextKey } from '.'

const HIDDEN = new Set(['started', 'ended', 'notice', 'instanceID', 'meta'])

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
export function choiceWords(question: string, names: string | readonly string[]): string[] {
  const list = typeof names === 'string' ? names.split(' ').filter((name) => name !== '') : names
  return list.map((name) => {
    const key = keyOf(`choice.${question}`, name)
    return key === undefined ? name : t(key)
  })
}

/** An answer as people read it; empty if nothing was answered. */
export function answerText(path: string, answer: unknown): string {
  if (answer === null || answer === undefined || answer === '') return ''
  const question = questionOf(path)
  if (Array.isArray(answer)) return choiceWords(question, answer.map(String)).join('、')
  if (typeof answer === 'object') return JSON.stringify(answer)
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
  return hasChoices(question) ? choiceWords(question, text).join('、') : text
}

function hasChoices(question: string): boolean {
  return ['outcome', 'purpose', 'topics', 'fraud_app', 'hazards', 'follow_up', 'signed'].includes(question)
}
