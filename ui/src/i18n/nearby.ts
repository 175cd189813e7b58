// What two tablets that meet are called, and what came of it.
import type { HandedOver } from '@/api/bindings/HandedOver'
import type { AnswerTaken } from '@/api/bindings/AnswerTaken'
import type { NeighbourLine } from '@/api/bindings/NeighbourLine'
import { t } from '.'
import { nameIn } from './names'
import { figure, sizeText } from './time'

/** Whose tablet it is; where that is not known, the end of the tablet's number. */
export function tabletName(tablet: Pick<NeighbourLine, 'officer_name' | 'device'>): string {
  const known = Object.values(tablet.officer_name).some((name) => name !== '')
  return known ? nameIn(tablet.officer_name) : t('nearby.tablet', { n: tablet.device.slice(-4) })
}

/** What the station's answer brought. */
export function answerWords(answer: AnswerTaken): string {
  if (!answer.receipt) return t('bundles.takenNothing')
  const came = t('bundles.taken', { n: figure(answer.pulled) })
  return answer.covered ? came : `${came}${t('bundles.takenRest')}`
}

/** What an encounter brought, sentence by sentence, as this tablet's officer sees it. */
export function overWords(over: HandedOver, gives: boolean, name: string): string[] {
  if (gives) {
    const given = t('nearby.given', { n: figure(over.given), size: sizeText(over.given_bytes), name })
    return [given, over.answer === null ? t('nearby.answerNone', { name }) : answerWords(over.answer)]
  }
  const taken = t('nearby.taken', { n: figure(over.taken), size: sizeText(over.taken_bytes), name })
  return over.given === 0 ? [taken] : [taken, t('nearby.returned', { n: figure(over.given), name })]
}
