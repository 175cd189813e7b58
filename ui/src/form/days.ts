// Calendar days as `2026-11-22`, without hours and without time zones, and what they are called.
import type { Texts } from './texts'

export interface YearMonth {
  year: number
  month: number
}

const DAY_MS = 86_400_000

const IN_ENGLISH = {
  day: english({ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }),
  monthOfYear: english({ year: 'numeric', month: 'long' }),
  month: english({ month: 'short' }),
}

function english(how: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en', { timeZone: 'UTC', ...how })
}

/** Today where the tablet is. */
export function today(): string {
  const now = new Date()
  return dayOf(now.getFullYear(), now.getMonth() + 1, now.getDate())
}

export function dayOf(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

function utc(day: string): number {
  return Date.parse(`${day}T00:00:00Z`)
}

export function plusDays(day: string, days: number): string {
  return new Date(utc(day) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The same day of a later month, or the last one of that month. */
export function plusMonths(day: string, months: number): string {
  const { year, month } = monthOf(day)
  const to = stepMonth({ year, month }, months)
  return dayOf(to.year, to.month, Math.min(Number(day.slice(8, 10)), daysIn(to)))
}

export function monthOf(day: string): YearMonth {
  return { year: Number(day.slice(0, 4)), month: Number(day.slice(5, 7)) }
}

export function stepMonth({ year, month }: YearMonth, months: number): YearMonth {
  const index = year * 12 + month - 1 + months
  return { year: Math.floor(index / 12), month: (index % 12) + 1 }
}

export function daysIn({ year, month }: YearMonth): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** 0 for Monday … 6 for Sunday. */
export function weekday(day: string): number {
  return (new Date(utc(day)).getUTCDay() + 6) % 7
}

/** The days of a month with gaps before the first, so that every row begins on a Monday. */
export function monthGrid(of: YearMonth): (string | null)[] {
  const gaps = weekday(dayOf(of.year, of.month, 1))
  return [
    ...Array.from({ length: gaps }, () => null),
    ...Array.from({ length: daysIn(of) }, (_, index) => dayOf(of.year, of.month, index + 1)),
  ]
}

export const WEEKDAYS: readonly Texts[] = ['一', '二', '三', '四', '五', '六', '日'].map((zh, index) => ({
  zh,
  mong: String(index + 1),
  cyrl: ['Да', 'Мя', 'Лх', 'Пү', 'Ба', 'Бя', 'Ня'][index] ?? '',
  en: ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'][index] ?? '',
}))

export function monthTexts({ year, month }: YearMonth): Texts {
  return { zh: `${year}年${month}月`, mong: `${year} ᠣᠨ ${month} ᠰᠠᠷ\u180Eᠠ`, cyrl: `${year} оны ${month}-р сар`, en: IN_ENGLISH.monthOfYear.format(utc(dayOf(year, month, 1))) }
}

export function dayTexts(day: string): Texts {
  const { year, month } = monthOf(day)
  const date = Number(day.slice(8, 10))
  const named = WEEKDAYS[weekday(day)]
  return {
    zh: `${year}年${month}月${date}日 星期${named?.zh ?? ''}`,
    mong: `${year} ᠣᠨ ${month} ᠰᠠᠷ\u180Eᠠ ${date} ᠡᠳᠦᠷ`,
    cyrl: `${year} оны ${month}-р сарын ${date}`,
    en: IN_ENGLISH.day.format(utc(day)),
  }
}

export function monthName(month: number): Texts {
  return { zh: `${month}月`, mong: `${month} ᠰᠠᠷ\u180Eᠠ`, cyrl: `${month}-р сар`, en: IN_ENGLISH.month.format(utc(dayOf(2000, month, 1))) }
}

export function yearTexts(year: number): Texts {
  return { zh: `${year}年`, mong: `${year} ᠣᠨ`, cyrl: `${year} он`, en: String(year) }
}
