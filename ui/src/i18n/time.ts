// How instants, days, spans and sizes are written. All of China keeps one time, whatever the tablet is set to.
import type { Day } from '@/api/bindings/Day'
import type { Instant } from '@/api/bindings/Instant'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import type { Say } from '.'
import { TAGS } from './icu'

const ZONE = 'Asia/Shanghai'
const DAY_MS = 86_400_000

/** Day and minute; with the year when it is not this year, or always. */
export function momentText(at: Instant, tongue: Locale = locale.value, years = false): string {
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  if (!isKnown(tongue)) return `${ownDay(at, tongue, years || !sameYear(at))} ${format(at, clock, tongue)}`
  return format(at, { ...yearIfOther(at, years), month: 'long', day: 'numeric', ...clock }, tongue)
}

/** The same, to be said within a text of any language. */
export function sayMoment(at: Instant): Say {
  return (tongue) => momentText(at, tongue)
}

/** A calendar day; with the year when it is not this year, or always. */
export function dayText(day: Day, tongue: Locale = locale.value, years = false): string {
  const at = noon(day)
  if (!isKnown(tongue)) return ownDay(at, tongue, years || !sameYear(at))
  return format(at, { ...yearIfOther(at, years), month: 'long', day: 'numeric' }, tongue)
}

/** A calendar day with its weekday, for the head of a page. */
export function longDayText(day: Day, tongue: Locale = locale.value): string {
  const at = noon(day)
  if (!isKnown(tongue)) return ownDay(at, tongue, true)
  return format(at, { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' }, tongue)
}

/** Whole days from one day to another; negative if `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((noon(to) - noon(from)) / DAY_MS)
}

/** A span in the largest unit that fits, rounded up so that a wait is never shown as over too early. */
export function spanOf(ms: number, tongue: Locale = locale.value): string {
  const seconds = Math.max(0, Math.ceil(Math.abs(ms) / 1000))
  if (seconds < 120) return t('duration.seconds', { n: seconds }, tongue)
  if (seconds < 7_200) return t('duration.minutes', { n: Math.ceil(seconds / 60) }, tongue)
  if (seconds < 172_800) return t('duration.hours', { n: Math.ceil(seconds / 3600) }, tongue)
  return t('duration.days', { n: Math.ceil(seconds / 86_400) }, tongue)
}

/** The same, to be said within a text of any language. */
export function saySpan(ms: number): Say {
  return (tongue) => spanOf(ms, tongue)
}

/** A number of bytes, in the unit people know from their phones. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(bytes === 0 ? 0 : 1, Math.round(bytes / 1000))} kB`
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}

/** A number with its thousands parted. */
export function figure(n: number): string {
  return new Intl.NumberFormat(TAGS[locale.value]).format(n)
}

/** Today in China, whatever the tablet's zone. */
export function todayHere(): Day {
  const { year, month, day } = partsOf(Date.now())
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` as Day
}

// No engine has the dates of the traditional script, and Chromium has none of Mongolian at all.
function isKnown(tongue: Locale): boolean {
  return tongue !== 'mn-Mong' && Intl.DateTimeFormat.supportedLocalesOf(TAGS[tongue].slice(0, 1)).length > 0
}

// Year, month and day with their words, as they are read aloud.
function ownDay(at: number, tongue: Locale, withYear: boolean): string {
  const { year, month, day } = partsOf(at)
  const date = { month: Number(month), day: Number(day) }
  return withYear ? t('date.withYear', { year, ...date }, tongue) : t('date.inYear', date, tongue)
}

function format(at: number, how: Intl.DateTimeFormatOptions, tongue: Locale): string {
  return new Intl.DateTimeFormat(TAGS[tongue], { timeZone: ZONE, ...how }).format(at)
}

function partsOf(at: number): { year: string; month: string; day: string } {
  const format = new Intl.DateTimeFormat('en', { timeZone: ZONE, year: 'numeric', month: 'numeric', day: 'numeric' })
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  return { year: parts.get('year') ?? '', month: parts.get('month') ?? '', day: parts.get('day') ?? '' }
}

function yearIfOther(at: number, years: boolean): Intl.DateTimeFormatOptions {
  return !years && sameYear(at) ? {} : { year: 'numeric' }
}

function noon(day: Day): Instant {
  return Date.parse(`${day}T12:00:00+08:00`) as Instant
}

function sameYear(at: number): boolean {
  return partsOf(at).year === partsOf(Date.now()).year
}
