// What somebody answered, in words, in all languages: for summaries and for the page that is shown to the reader.
import { momentTexts } from './clock'
import { dayTexts, monthOf, monthTexts, yearTexts } from './days'
import { areaM2, lengthM } from './geometry'
import { areaTexts, lengthTexts } from './measures'
import type { Choice, Question } from './question'
import { NO_TEXTS, onlyText, type Texts } from './texts'
import { words } from './words'

/** The answer of a question; no texts if there is none, or if it cannot be said in words. */
export function answerTexts(question: Question): Texts {
  if (!question.answered) return NO_TEXTS
  switch (question.kind) {
    case 'text':
      return question.appearances.has('masked') ? onlyText('••••') : onlyText(question.value)
    case 'number':
    case 'barcode':
    case 'time':
      return onlyText(question.value)
    case 'range':
      return onlyText(String(question.value ?? ''))
    case 'date':
      return dateTexts(question.value, question.appearances)
    case 'moment':
      return momentTexts(question.value)
    case 'select_one':
      return choiceTexts(question.choices, question.value === null ? [] : [question.value])
    case 'select_multiple':
    case 'rank':
      return choiceTexts(question.choices, question.value)
    case 'line':
      return question.closed ? areaTexts(areaM2(question.value))[1] : lengthTexts(lengthM(question.value))
    case 'position':
      return question.value === null ? NO_TEXTS : onlyText(`${question.value.lat.toFixed(5)}, ${question.value.lon.toFixed(5)}`)
    case 'acknowledge':
      return words('fill.acknowledge')
    case 'note':
    case 'photo':
    case 'signature':
    case 'drawing':
    case 'audio':
    case 'file':
    case 'unsupported':
      return NO_TEXTS
  }
}

function dateTexts(day: string, appearances: ReadonlySet<string>): Texts {
  if (appearances.has('year')) return yearTexts(monthOf(day).year)
  return appearances.has('month-year') ? monthTexts(monthOf(day)) : dayTexts(day)
}

function choiceTexts(choices: readonly Choice[], values: readonly string[]): Texts {
  const labels = values.flatMap((value) => choices.find((choice) => choice.value === value)?.label ?? [])
  // A language that lacks one of the names is not half shown.
  const all = (texts: string[], comma: string) => (texts.every((text) => text !== '') ? texts.join(comma) : '')
  return {
    zh: labels.map((label) => label.zh).join('、'),
    mong: all(labels.map((label) => label.mong), '\u1802 '),
    cyrl: all(labels.map((label) => label.cyrl), ', '),
    en: all(labels.map((label) => label.en), ', '),
  }
}
