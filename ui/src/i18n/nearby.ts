// What came of two tablets that met.
import type { HandedOver } from '@/api/bindings/HandedOver'
import type { AnswerTaken } from '@/api/bindings/AnswerTaken'
import { t } from '.'
import { figure, sizeText } from './time'

/** What the station's answer brought. */
export function answerWords(answer: AnswerTaken): string {
  if (!answer.receipt) return t('bundles.takenNothing')
  const came = t('bundles.taken', { n: figure(answer.pulled) })
  return answer.covered ? came : `${came}${t('bundles.takenRest')}`
}

/** What an encounter brought, sentence by sentence, as this tablet's officer sees it. */
export function overWords(over: HandedOver, gives: boolean): string[] {
  if (gives) {
    const given = t('nearby.given', { n: figure(over.given), size: sizeText(over.given_bytes) })
    return [given, over.answer === null ? t('nearby.answerNone') : answerWords(over.answer)]
  }
  const taken = t('nearby.taken', { n: figure(over.taken), size: sizeText(over.taken_bytes) })
  return over.given === 0 ? [taken] : [taken, t('nearby.returned', { n: figure(over.given) })]
}
