// What the fields of a record are called, and how their values are written for people: words, days, names behind numbers.
import type { Instant } from '@/api/bindings/Instant'
import type { Names } from '@/api/bindings/Names'
import type { RecordTitle } from '@/api/bindings/RecordTitle'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { keyOf, mong, t } from '.'
import type { Say, TextKey } from '.'
import { answerMong, answerText, labelKey } from './answers'
import { nameIn } from './names'
import { momentText } from './time'
import { valueText } from './values'

/** Names of the records that values point to. */
export type Links = Record<string, Names | undefined>

/** A value as people read it; the Mongolian is empty where none is written. */
export interface Written {
  text: string
  mong: string
}

const NAMES = ['name_zh', 'name_mong', 'name_cyrl']
const NOT_TOLD = ['submission', 'instance', 'form', 'form_version', 'answer.started', 'answer.ended', 'answer.notice']
const GROUPS: Record<string, string> = { role: 'role', level: 'level' }

/** What a field is called. */
export function fieldKey(field: string): TextKey {
  return (field.startsWith('answer.') ? labelKey(field.slice('answer.'.length)) : keyOf('field', field)) ?? 'field.other'
}

/** Whether a field is for people; what a form is made of is not. */
export function isToldOf(field: string): boolean {
  return !NOT_TOLD.includes(field)
}

/** Whether a field is one of a record's names. */
export function isName(field: string): boolean {
  return NAMES.includes(field)
}

/** The order in which people expect fields: names, then the rest as it comes. */
export function inReadingOrder<T extends { field: string }>(fields: readonly T[]): T[] {
  const named = NAMES.flatMap((name) => fields.filter(({ field }) => field === name))
  return [...named, ...fields.filter(({ field }) => !isName(field))]
}

/** A value of a field as people read it; empty for none. */
export function writtenValue(field: string, value: unknown, links: Links = {}): Written {
  if (value === null || value === undefined || value === '') return { text: '', mong: '' }
  if (field === 'name_mong' && typeof value === 'string') return { text: '', mong: value }
  const linked = typeof value === 'string' ? links[value] : undefined
  if (linked !== undefined) return { text: nameIn(linked), mong: linked.mong ?? '' }
  if (field.endsWith('_at_ms') && typeof value === 'number') return { text: momentText(value as Instant), mong: momentText(value as Instant, 'mn-Mong') }
  if (field.startsWith('answer.')) {
    const question = field.slice('answer.'.length)
    if (isBlob(value)) return { text: t('visit.files'), mong: mong('visit.files') }
    return { text: answerText(question, value), mong: answerMong(question, value) }
  }
  const group = GROUPS[field]
  const word = group === undefined || typeof value !== 'string' ? undefined : keyOf(group, value)
  if (word !== undefined) return { text: t(word), mong: mong(word) }
  return { text: valueText(value), mong: placeMong(value) }
}

/** What a record is called in a list: its own name, or its household's. */
export function titleNames(title: RecordTitle): Names {
  return title.name.zh !== '' || (title.name.mong ?? '') !== '' ? title.name : title.household_name
}

/** Who wrote something; what the station's own console wrote has no officer's name. */
export function writerName(names: Names, tongue: Locale = locale.value): string {
  return names.zh === '' && (names.mong ?? '') === '' ? t('history.station', {}, tongue) : nameIn(names, tongue)
}

/** The same, to be said within a text of any language. */
export function sayWriter(names: Names): Say {
  return (tongue) => writerName(names, tongue)
}

export function kindKey(title: RecordTitle): TextKey {
  return keyOf('kind', title.kind) ?? 'kind.other'
}

function isBlob(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'blob' in value
}

function placeMong(value: unknown): string {
  if (typeof value !== 'object' || value === null || !('name' in value)) return ''
  const { name } = value
  return typeof name === 'object' && name !== null && 'mong' in name && typeof name.mong === 'string' ? name.mong : ''
}
