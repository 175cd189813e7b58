// Times of day as `14:05` and moments as `2026-11-22T14:05`, in the time of where the tablet is.
import { dayTexts } from './days'
import type { Texts } from './texts'

/** A local time with the offset that this place has at that moment: `14:05:00.000+08:00`. */
export function withZone(local: string, at: Date): string {
  const east = -at.getTimezoneOffset()
  const sign = east < 0 ? '-' : '+'
  return `${local}${sign}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`
}

/** The local minute of a moment that names its offset. */
export function localMinute(moment: string): string {
  const at = new Date(moment)
  if (Number.isNaN(at.getTime())) return ''
  return `${dayOfDate(at)}T${timeOfDate(at)}`
}

/** Now, to the minute. */
export function thisMinute(): string {
  const now = new Date()
  return `${dayOfDate(now)}T${timeOfDate(now)}`
}

export function timeOf(hour: number, minute: number): string {
  return `${two(hour)}:${two(minute)}`
}

/** Reads `9:5`, `905`, `0905` or `9：05`; `null` if it is no time. */
export function readTime(typed: string): string | null {
  const figures = typed
    .replace(/[０-９]/g, (figure) => String.fromCharCode(figure.charCodeAt(0) - 0xfee0))
    .replace(/[：.。 ]/g, ':')
  const found = /^(\d{1,2}):(\d{1,2})$/.exec(figures) ?? /^(\d{1,2})(\d{2})$/.exec(figures)
  if (found === null) return null
  const [hour, minute] = [Number(found[1]), Number(found[2])]
  return hour < 24 && minute < 60 ? timeOf(hour, minute) : null
}

export function momentTexts(moment: string): Texts {
  const day = dayTexts(moment.slice(0, 10))
  const time = moment.slice(11, 16)
  return { zh: `${day.zh} ${time}`, mong: `${day.mong} ${time}`, cyrl: `${day.cyrl} ${time}`, en: `${day.en} ${time}` }
}

function dayOfDate(at: Date): string {
  return `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

function timeOfDate(at: Date): string {
  return timeOf(at.getHours(), at.getMinutes())
}

function two(figure: number): string {
  return String(figure).padStart(2, '0')
}
