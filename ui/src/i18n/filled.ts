// A finished form as lines to be read: each question that was answered, in the order and the words of the form.
import type { QuestionView } from '@/api/bindings/QuestionView'
import { locale } from '@/state/display'
import type { Say } from '.'
import { sayTexts, textOf } from './texts'
import { listText, valueText } from './values'

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

type Answers = Readonly<Record<string, unknown>>

const RECORD = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The lines of a form, or of one time that its repeat `within` was answered. Names of files and of records say nothing to people. */
export function linesOf(
  questions: readonly QuestionView[],
  answers: Answers,
  isFile: (name: string) => boolean,
  within: string | null = null,
): FilledLine[] {
  const lines: FilledLine[] = []
  const opened = new Set<string>()
  for (const question of questions) {
    if (question.within === within) {
      const answer = answers[question.name]
      if (answer === undefined || question.label['zh-Hans'] === undefined || isUnsaid(answer, isFile)) continue
      lines.push({
        kind: 'answer',
        name: question.name,
        label: sayTexts(question.label, question.name),
        answer: (tongue) => answerText(question, answer, tongue),
      })
      continue
    }
    const repeat = question.within
    if (repeat === null || opened.has(repeat) || !isTimes(answers[repeat])) continue
    opened.add(repeat)
    for (const [index, time] of answers[repeat].entries()) {
      const inside = linesOf(questions, time, isFile, repeat)
      if (inside.length > 0) lines.push({ kind: 'group', name: repeat, number: index + 1, lines: inside })
    }
  }
  return lines
}

function isUnsaid(answer: unknown, isFile: (name: string) => boolean): boolean {
  if (typeof answer === 'string') return RECORD.test(answer) || isFile(answer)
  return typeof answer === 'object' && answer !== null && 'blob' in answer
}

function isTimes(value: unknown): value is Answers[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null && !('lat' in each))
}

function answerText(question: QuestionView, answer: unknown, tongue: Parameters<Say>[0]): string {
  if (question.choices.length === 0) {
    // Beside the Chinese stands only what is said in Mongolian: a number or a name is not said twice.
    return tongue === locale.value ? valueText(answer, tongue) : ''
  }
  const chosen = Array.isArray(answer) ? answer.map(String) : [String(answer)]
  const words = chosen.map((value) => {
    const choice = question.choices.find((each) => each.value === value)
    return textOf(choice?.label, tongue) || (tongue === locale.value ? value : '')
  })
  return words.includes('') ? '' : listText(words, tongue)
}
