// How the value of a field or an answer is written, whatever its type: text, a number, a day, a position, a place.
import type { Day } from '@/api/bindings/Day'
import type { Names } from '@/api/bindings/Names'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import { nameIn } from './names'
import { dayText } from './time'

const COMMAS: Record<Locale, string> = { 'zh-Hans': '、', 'mn-Mong': '᠂ ', 'mn-Cyrl': ', ', en: ', ' }

/** The value as people read it; empty for none. Days are written with their year where it is not this year, or always. */
export function valueText(value: unknown, tongue: Locale = locale.value, years = false): string {
  if (value === null || value === undefined) return ''
  if (isDay(value)) return dayText(value, tongue, years)
  if (typeof value === 'string') return clockText(value, tongue, years)
  if (Array.isArray(value)) return listText(value.map((each) => valueText(each, tongue, years)), tongue)
  if (typeof value === 'object') return thingText(value, tongue)
  return JSON.stringify(value)
}

/** Several things in one line, with the comma of the language. */
export function listText(things: readonly string[], tongue: Locale = locale.value): string {
  return things.join(COMMAS[tongue])
}

/** An hour or a moment as a form writes it, told as the clock on the wall showed it there; any other text as it is. */
function clockText(text: string, tongue: Locale, years: boolean): string {
  const [, day = '', clock] = /^(?:(\d{4}-\d{2}-\d{2})T)?(\d{2}:\d{2}):\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.exec(text) ?? []
  if (clock === undefined) return text
  return isDay(day) ? `${dayText(day, tongue, years)} ${clock}` : clock
}

function thingText(thing: object, tongue: Locale): string {
  const parts: string[] = []
  if ('name' in thing && isNames(thing.name)) parts.push(nameIn(thing.name, tongue))
  if ('lat' in thing && 'lon' in thing && typeof thing.lat === 'number' && typeof thing.lon === 'number') {
    parts.push(`${thing.lat.toFixed(5)}, ${thing.lon.toFixed(5)}`)
  }
  if ('accuracy_m' in thing && typeof thing.accuracy_m === 'number') parts.push(`± ${Math.round(thing.accuracy_m)} m`)
  if ('distance_km' in thing && typeof thing.distance_km === 'number') {
    parts.push(t('household.distance', { km: thing.distance_km }, tongue))
  }
  return parts.length > 0 ? parts.join(' · ') : JSON.stringify(thing)
}

function isNames(name: unknown): name is Names {
  return typeof name === 'object' && name !== null && 'zh' in name && typeof name.zh === 'string'
}

/** Whether a value is a calendar day. */
export function isDay(value: unknown): value is Day {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
}
