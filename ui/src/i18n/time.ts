// How instants, days, spans and sizes are written. All of China keeps one time, whatever the tablet is set to.
import type { Day } from '@/api/bindings/Day'
import type { Instant } from '@/api/bindings/Instant'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'

const ZONE = 'Asia/Shanghai'
const DAY_MS = 86_400_000

// No engine knows the traditional script; figures alone are read by everybody.
const TAGS: Record<Locale, string> = { 'zh-Hans': 'zh-CN', 'mn-Mong': 'sv-SE', 'mn-Cyrl': 'mn-MN' }

/** Day and minute; with the year when it is not this year. */
export function momentText(at: Instant): string {
  if (locale.value !== 'zh-Hans') return format(at, { dateStyle: 'short', timeStyle: 'short' })
  return format(at, {
    ...(sameYear(at) ? {} : { year: 'numeric' }),
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
}

/** A calendar day; with the year when it is not this year. */
export function dayText(day: Day): string {
  const at = noon(day)
  if (locale.value !== 'zh-Hans') return format(at, { dateStyle: 'short' })
  return format(at, { ...(sameYear(at) ? {} : { year: 'numeric' }), month: 'long', day: 'numeric' })
}

/** A calendar day with its weekday, for the head of a page. */
export function longDayText(day: Day): string {
  if (locale.value === 'mn-Mong') return day
  return format(noon(day), { year: 'numeric', month: 'long', day: 'numeric', weekday: 'long' })
}

/** Whole days from one day to another; negative if `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((noon(to) - noon(from)) / DAY_MS)
}

/** A span in the largest unit that fits, rounded up so that a wait is never shown as over too early. */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.ceil(Math.abs(ms) / 1000))
  if (seconds < 120) return t('duration.seconds', { n: seconds })
  if (seconds < 7_200) return t('duration.minutes', { n: Math.ceil(seconds / 60) })
  if (seconds < 172_800) return t('duration.hours', { n: Math.ceil(seconds / 3600) })
  return t('duration.days', { n: Math.ceil(seconds / 86_400) })
}

/** A number of bytes, in the unit people know from their phones. */
export function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(bytes === 0 ? 0 : 1, Math.round(bytes / 1000))} kB`
  return `${(bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0)} MB`
}

/** A number with its thousands parted. */
export function figure(n: number): string {
  return new Intl.NumberFormat('en-US').format(n)
}

function format(at: number, how: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(TAGS[locale.value], { timeZone: ZONE, ...how }).format(at)
}

function noon(day: Day): Instant {
  return Date.parse(`${day}T12:00:00+08:00`) as Instant
}

function sameYear(at: number): boolean {
  const year = (instant: number) => new Intl.DateTimeFormat('en-US', { timeZone: ZONE, year: 'numeric' }).format(instant)
  return year(at) === year(Date.now())
}

/** Today in China, whatever the tablet's zone. */
export function todayHere(): Day {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' }).format(Date.now()) as Day
}
