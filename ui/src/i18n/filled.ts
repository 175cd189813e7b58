// A finished form as lines to be read: each question that was answered, in the order and the words of the form.
import type { QuestionView } from '@/api/bindings/QuestionView'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import type { Say } from '.'
import { answerMong, answerText, isForPeople, labelKey } from './answers'
import { sayTexts, textOf } from './texts'
import { isDay, listText, valueText } from './values'

export interface AnswerLine {
  kind: 'answer'
  name: string
  label: Say
  answer: Say
}

/** What was answered one of several times. */
export interface AnswerGroup {
  kind: 'group'
  name: string
  number: number
  lines: FilledLine[]
}

export type FilledLine = AnswerLine | AnswerGroup

/** Which language is read first, so that it says everything, and whether every day is told with its year. */
export interface Telling {
  first: Locale
  years: boolean
}

type Answers = Readonly<Record<string, unknown>>

const onScreen = (): Telling => ({ first: locale.value, years: false })

const RECORD = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The lines of a form, or of one time that its repeat `within` was answered. Names of files and of records say nothing to people. */
export function linesOf(
  questions: readonly QuestionView[],
  answers: Answers,
  isFile: (name: string) => boolean,
  within: string | null = null,
  telling: () => Telling = onScreen,
): FilledLine[] {
  const lines: FilledLine[] = []
  const opened = new Set<string>()
  for (const question of questions) {
    if (question.within === within) {
      const answer = answers[question.name]
      if (answer === undefined || Object.keys(question.label).length === 0 || isUnsaid(answer, isFile)) continue
      lines.push({
        kind: 'answer',
        name: question.name,
        label: sayTexts(question.label, question.name, () => telling().first),
        answer: (tongue) => said(question, answer, tongue, telling()),
      })
      continue
    }
    const repeat = question.within
    if (repeat === null || opened.has(repeat) || !isTimes(answers[repeat])) continue
    opened.add(repeat)
    for (const [index, time] of answers[repeat].entries()) {
      const inside = linesOf(questions, time, isFile, repeat, telling)
      if (inside.length > 0) lines.push({ kind: 'group', name: repeat, number: index + 1, lines: inside })
    }
  }
  return lines
}

/** The same for a form that is not here in that version: in the words that every tablet has. */
export function plainLinesOf(
  answers: Answers,
  isFile: (name: string) => boolean,
  telling: () => Telling = onScreen,
): FilledLine[] {
  return Object.entries(answers).flatMap(([path, answer]) => {
    const label = labelKey(path)
    const whole = answerText(path, answer)
    if (!isForPeople(path) || whole === '' || isFile(whole)) return []
    return [{
      kind: 'answer' as const,
      name: path,
      label: (tongue: Locale) => (label === undefined ? (tongue === telling().first ? path : '') : t(label, {}, tongue)),
      answer: (tongue: Locale) => {
        const { first, years } = telling()
        if (tongue === first) return answerText(path, answer, tongue, years)
        return isDay(answer) ? valueText(answer, tongue, years) : answerMong(path, answer)
      },
    }]
  })
}

function isUnsaid(answer: unknown, isFile: (name: string) => boolean): boolean {
  if (typeof answer === 'string') return RECORD.test(answer) || isFile(answer)
  return typeof answer === 'object' && answer !== null && 'blob' in answer
}

function isTimes(value: unknown): value is Answers[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null && !('lat' in each))
}

// Beside the first language stands only what is said in the other: a number or a name is not said twice, a day is.
function said(question: QuestionView, answer: unknown, tongue: Locale, { first, years }: Telling): string {
  if (question.choices.length === 0) return tongue === first || isDay(answer) ? valueText(answer, tongue, years) : ''
  const chosen = Array.isArray(answer) ? answer.map(String) : [String(answer)]
  const words = chosen.map((value) => {
    const choice = question.choices.find((each) => each.value === value)
    return textOf(choice?.label, tongue, first) || (tongue === first ? value : '')
  })
  return words.includes('') ? '' : listText(words, tongue)
}
