import { describe, expect, it } from 'vitest'

import { localMinute, readTime, withZone } from '../clock'
import { plainFigures, withThousands } from '../numerals'
import { beside, nearest, shareOf, stepsOf } from '../scale'

describe('a time', () => {
  it.each([
    ['905', '09:05'],
    ['0905', '09:05'],
    ['9:5', '09:05'],
    ['９：０５', '09:05'],
    ['23.59', '23:59'],
    ['24:00', null],
    ['12:60', null],
    ['x', null],
    ['9', null],
  ])('typed as %s is %s', (typed, time) => {
    expect(readTime(typed)).toBe(time)
  })

  it('says how far from Greenwich it is', () => {
    const at = new Date()
    at.getTimezoneOffset = () => -480
    expect(withZone('09:05:00.000', at)).toBe('09:05:00.000+08:00')
    at.getTimezoneOffset = () => 210
    expect(withZone('09:05:00.000', at)).toBe('09:05:00.000-03:30')
  })

  it('of elsewhere is shown as it is here', () => {
    const at = new Date(2026, 10, 22, 14, 5)
    expect(localMinute(at.toISOString())).toBe('2026-11-22T14:05')
    expect(localMinute('x')).toBe('')
  })
})

describe('a number', () => {
  it('is read from any keyboard and shown in thousands', () => {
    expect(plainFigures('１２，３４５。６')).toBe('12345.6')
    expect(plainFigures('−1,000')).toBe('-1000')
    expect(['', '-', '999', '1000', '-1234567.8901'].map(withThousands)).toEqual(['', '-', '999', '1,000', '-1,234,567.8901'])
  })
})

describe('a scale', () => {
  const tenths = { start: 0, end: 1, step: 0.1 }

  it('has exact steps to its end', () => {
    expect(stepsOf(tenths)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    expect(stepsOf({ start: 10, end: 1, step: 4 })).toEqual([10, 6, 2])
    expect(stepsOf({ start: 1, end: 5, step: 0 })).toHaveLength(5)
  })

  it('gives the nearest value and never leaves its ends', () => {
    expect(nearest(tenths, 0.31)).toBe(0.3)
    expect(nearest(tenths, 7)).toBe(1)
    expect(nearest({ start: 10, end: 1, step: 4 }, 1)).toBe(2)
    expect(beside(tenths, 0.3, -1)).toBe(0.2)
    expect(beside(tenths, 0, -1)).toBe(0)
    expect(beside(tenths, null, 1)).toBe(0)
    expect(beside(tenths, null, -1)).toBe(1)
    expect(shareOf(tenths, 0.25)).toBe(0.25)
  })
})
