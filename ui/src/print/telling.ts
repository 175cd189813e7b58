// How paper speaks, whatever the tablet shows: Chinese first, Mongolian beside it, every day with its year.
import type { Instant } from '@/api/bindings/Instant'
import type { Names } from '@/api/bindings/Names'
import type { VisitPage } from '@/api/bindings/VisitPage'
import { t } from '@/i18n'
import type { Named, Say, TextKey } from '@/i18n'
import { labelKey } from '@/i18n/answers'
import { linesOf, plainLinesOf } from '@/i18n/filled'
import type { FilledLine, Telling } from '@/i18n/filled'
import { momentText } from '@/i18n/time'
import type { Says } from './says'

const ON_PAPER: Telling = { first: 'zh-Hans', years: true }

/** A text of the interface. */
export function sayText(key: TextKey, named: Named = {}): Say {
  return (tongue) => t(key, named, tongue)
}

/** A name; nothing where it is not written in the language. */
export function sayOwnName({ zh, mong = '' }: Names): Say {
  return (tongue) => (tongue === 'mn-Mong' ? mong : zh)
}

/** What somebody wrote, which is not said twice. */
export function sayAsWritten(text: string): Say {
  return (tongue) => (tongue === 'zh-Hans' ? text : '')
}

export function sayWhen(at: Instant): Say {
  return (tongue) => momentText(at, tongue, true)
}

/** Who answers for a finished form, and where. */
export function sayWho(page: VisitPage, station: Names | null): Says[] {
  const officer = { label: sayText('print.officer'), answer: sayOwnName(page.officer_name) }
  return station === null ? [officer] : [officer, { label: sayText('print.station'), answer: sayOwnName(station) }]
}

/** The lines of a finished form, in the words of the form where it is here in that version. */
export function paperLines(page: VisitPage): FilledLine[] {
  const isFile = (name: string) => page.attachments.some((file) => file.name === name)
  const telling = () => ON_PAPER
  return page.questions.length > 0
    ? linesOf(page.questions, page.answers, isFile, null, telling)
    : plainLinesOf(page.answers, isFile, telling)
}

/** What a picture shows, by the question it answers. */
export function captionOf(page: VisitPage, file: string, number: number): Say {
  const holds = (answer: unknown): boolean =>
    answer === file || (typeof answer === 'object' && answer !== null && Object.values(answer).some(holds))
  const question = page.questions.find(({ name, within }) => {
    const times = within === null ? [page.answers] : page.answers[within]
    return Array.isArray(times) && times.some((one: Record<string, unknown>) => holds(one[name]))
  })
  if (question !== undefined) return (tongue) => question.label[tongue] ?? ''
  const key = labelKey(Object.entries(page.answers).find(([, answer]) => holds(answer))?.[0] ?? '')
  return key === undefined ? sayText('visit.pictureOf', { n: number }) : sayText(key)
}
