// The numbers of a range: which there are, and which lies nearest to a place on the scale.
import type { RangeQuestion } from './question'

type Scale = Pick<RangeQuestion, 'start' | 'end' | 'step'>

/** All values from the first to the last. */
export function stepsOf({ start, end, step }: Scale): number[] {
  const by = stepOf({ start, end, step })
  const count = Math.floor(Math.abs(end - start) / Math.abs(by) + 1e-9) + 1
  return Array.from({ length: Math.min(count, 10_000) }, (_, index) => exact(start + index * by, by))
}

/** The value next to this one; the ends hold. */
export function beside(scale: Scale, value: number | null, by: number): number {
  if (value === null) return by > 0 ? scale.start : scale.end
  return nearest(scale, value + by * stepOf(scale))
}

/** The value of the scale nearest to any number. */
export function nearest(scale: Scale, wanted: number): number {
  const by = stepOf(scale)
  const last = Math.floor(Math.abs(scale.end - scale.start) / Math.abs(by) + 1e-9)
  const index = Math.min(last, Math.max(0, Math.round((wanted - scale.start) / by)))
  return exact(scale.start + index * by, by)
}

/** Where a value lies between the ends, from 0 to 1. */
export function shareOf({ start, end }: Scale, value: number): number {
  return end === start ? 0 : (value - start) / (end - start)
}

function stepOf({ start, end, step }: Scale): number {
  const size = Math.abs(step) || 1
  return end < start ? -size : size
}

// 0.1 + 0.2 is to be 0.3.
function exact(value: number, step: number): number {
  const places = /\.(\d+)/.exec(String(step))?.[1]?.length ?? 0
  return Number(value.toFixed(Math.max(places, 6)))
}
