// What came of two tablets that met.
import type { HandedOver } from '@/api/bindings/HandedOver'
import type { AnswerTaken } from '@/api/bindings/AnswerTaken'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import { sizeText } from './time'

/** What the station's answer brought. */
export function answerWords(answer: AnswerTaken, tongue: Locale = locale.value): string {
  if (!answer.receipt) return t('bundles.takenNothing', {}, tongue)
  const came = t('bundles.taken', { n: answer.pulled }, tongue)
  return answer.covered ? came : `${came}${t('bundles.takenRest', {}, tongue)}`
}

/** What an encounter brought, sentence by sentence, as this tablet's officer sees it. */
export function overWords(over: HandedOver, gives: boolean, tongue: Locale = locale.value): string[] {
  if (gives) {
    const given = t('nearby.given', { n: over.given, size: sizeText(over.given_bytes) }, tongue)
    return [given, over.answer === null ? t('nearby.answerNone', {}, tongue) : answerWords(over.answer, tongue)]
  }
  const taken = t('nearby.taken', { n: over.taken, size: sizeText(over.taken_bytes) }, tongue)
  return over.given === 0 ? [taken] : [taken, t('nearby.returned', { n: over.given }, tongue)]
}
