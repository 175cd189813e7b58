// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'

import { openFilling } from '../engine'
import { areaM2, crossesItself, distanceM, fromMetres, gridStep, lengthM, MU_M2, toMetres, viewOf } from '../geometry'
import { areaTexts, lengthTexts } from '../measures'
import type { Item, LineQuestion } from '../question'
import { xform } from './forms'

const CELL = [
  { lat: 0, lon: 0 },
  { lat: 0, lon: 1 },
  { lat: 1, lon: 1 },
  { lat: 1, lon: 0 },
]

/** About two mu at Sumitu: 40 m by 33.3 m. */
const ORIGIN = { lat: 39.1, lon: 107.98 }
const TWO_MU = [
  [0, 0],
  [40, 0],
  [40, 33.3333],
  [0, 33.3333],
].map(([east = 0, north = 0]) => fromMetres(ORIGIN, { east, north }))

describe('an area', () => {
  it('of one degree by one at the equator is that of the sphere', () => {
    const radius = 6_378_100
    const exact = ((radius * Math.PI) / 180) * radius * Math.sin(Math.PI / 180)
    expect(areaM2(CELL)).toBeCloseTo(exact, -1)
    // On the ellipsoid WGS-84 it is 12,308.778 km².
    expect(Math.abs(areaM2(CELL) / 12_308_778_361 - 1)).toBeLessThan(0.01)
  })

  it('of a field of two mu is two mu, whichever way one walks and wherever one begins', () => {
    expect(areaM2(TWO_MU) / MU_M2).toBeCloseTo(2, 3)
    expect(areaM2([...TWO_MU].reverse())).toBeCloseTo(areaM2(TWO_MU), 6)
    expect(areaM2([...TWO_MU.slice(2), ...TWO_MU.slice(0, 2)])).toBeCloseTo(areaM2(TWO_MU), 6)
    expect(areaTexts(areaM2(TWO_MU)).map((texts) => texts.zh)).toEqual(['1,333 平方米', '2.00 亩'])
  })

  it('of a triangle is half of its square, of a line nothing', () => {
    expect(areaM2(TWO_MU.slice(0, 3)) / areaM2(TWO_MU)).toBeCloseTo(0.5, 5)
    expect(areaM2(TWO_MU.slice(0, 2))).toBe(0)
    expect(areaM2([])).toBe(0)
  })

  it.each([
    ['a cell', CELL.map(({ lat, lon }) => ({ lat: lat + 39, lon: lon + 107 }))],
    ['two mu', TWO_MU],
    ['an uneven field', [...TWO_MU.slice(0, 3), fromMetres(ORIGIN, { east: 12.5, north: 51 })]],
  ])('is what the form computes by area(): %s', async (_, points) => {
    const { line, computed } = await formWithField()
    line.answer(points.map((point) => ({ ...point, altitude_m: null, accuracy_m: null })))
    expect(computed('m2')).toBeGreaterThan(0)
    expect(Math.abs(computed('m2') - areaM2(points))).toBeLessThanOrEqual(0.01 + areaM2(points) * 1e-9)
    expect(Math.abs(computed('m') - lengthM(points, true))).toBeLessThanOrEqual(0.02 + lengthM(points, true) * 1e-6)
  })
})

async function formWithField() {
  const form = xform({
    data: '<field/><m2/><m/>',
    binds:
      '<bind nodeset="/data/field" type="geoshape"/><bind nodeset="/data/m2" type="string" calculate="area(/data/field)"/>' +
      // The engine's distance() does not take an empty field.
      `<bind nodeset="/data/m" type="string" calculate="if(/data/field = '', 0, distance(/data/field))"/>`,
    body: '<input ref="/data/field"><label>f</label></input>',
  })
  const filling = await openFilling(form, { submission: null, filler: { device: '', officer: '' }, answered: () => undefined })
  const line = filling.items.find((item: Item): item is LineQuestion => item.kind === 'line')
  if (line === undefined) throw new Error('no field')
  const computed = (name: string) => Number(new RegExp(`<${name}>([^<]*)<`).exec(filling.submission())?.[1])
  return { line, computed }
}

describe('a length', () => {
  it('of a degree on the equator is a 360th of the way around', () => {
    expect(distanceM({ lat: 0, lon: 0 }, { lat: 0, lon: 1 })).toBeCloseTo((2 * Math.PI * 6_378_100) / 360, 3)
  })

  it('is exact to millimetres for a step', () => {
    expect(distanceM(ORIGIN, fromMetres(ORIGIN, { east: 0.5, north: 0 }))).toBeCloseTo(0.5, 4)
  })

  it('of an outline has the way back', () => {
    expect(lengthM(TWO_MU)).toBeCloseTo(113.3, 1)
    expect(lengthM(TWO_MU, true)).toBeCloseTo(146.7, 1)
  })

  it('is said in metres, and in kilometres when it is long', () => {
    expect(lengthTexts(12.34).zh).toBe('12.3 米')
    expect(lengthTexts(1234.5).zh).toBe('1,235 米')
    expect(lengthTexts(12_345).zh).toBe('12.35 公里')
  })
})

describe('the drawing', () => {
  it('goes from degrees to metres and back', () => {
    const place = { lat: 39.1007, lon: 107.9812 }
    const back = fromMetres(ORIGIN, toMetres(ORIGIN, place))
    expect(back.lat).toBeCloseTo(place.lat, 9)
    expect(back.lon).toBeCloseTo(place.lon, 9)
  })

  it('holds all points with room around, and has a grid of round steps', () => {
    const view = viewOf([{ east: 0, north: 0 }, { east: 300, north: -40 }])
    expect(view.east).toBeLessThan(0)
    expect(view.east + view.size).toBeGreaterThan(300)
    expect(view.north).toBeLessThan(-40)
    expect([60, 390, 5_000].map(gridStep)).toEqual([10, 50, 1000])
  })

  it('notices sides that cross', () => {
    const [a, b, c, d] = TWO_MU
    if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('no field')
    expect(crossesItself([a, b, c, d], true)).toBe(false)
    expect(crossesItself([a, c, b, d], true)).toBe(true)
    expect(crossesItself([a, b, c], true)).toBe(false)
  })
})
