// Lengths and areas on the earth, and a plain drawing of them in metres.
//
// Both are computed on the sphere that ODK's `area()` and `distance()` use, so that what is shown while a field is walked is
// what the form then computes. The area is the one under the sides as they run on the cylinder (Chamberlain and Duquette,
// "Some algorithms for polygons on a sphere", JPL 2007), to the ellipsoid it agrees within half a percent.
import type { Point } from './question'

type Place = Pick<Point, 'lat' | 'lon'>

/** Metres; the radius of the earth in ODK's functions. */
const RADIUS_M = 6_378_100
/** Square metres of a mu 亩: 10,000 / 15. */
export const MU_M2 = 10_000 / 15

const rad = (degrees: number) => (degrees * Math.PI) / 180
const deg = (radians: number) => (radians * 180) / Math.PI

/** Metres between two places. */
export function distanceM(one: Place, other: Place): number {
  const dLat = rad(other.lat - one.lat)
  const dLon = rad(other.lon - one.lon)
  const half = Math.sin(dLat / 2) ** 2 + Math.cos(rad(one.lat)) * Math.cos(rad(other.lat)) * Math.sin(dLon / 2) ** 2
  return 2 * RADIUS_M * Math.asin(Math.min(1, Math.sqrt(half)))
}

/** Metres along the points; with the way back to the first one if they are an outline. */
export function lengthM(points: readonly Place[], closed = false): number {
  return sidesOf(points, closed).reduce((sum, [from, to]) => sum + distanceM(from, to), 0)
}

/** Square metres within an outline; its last point is joined to the first. */
export function areaM2(points: readonly Place[]): number {
  if (points.length < 3) return 0
  const twice = sidesOf(points, true).reduce(
    (sum, [from, to]) => sum + rad(to.lon - from.lon) * (2 + Math.sin(rad(from.lat)) + Math.sin(rad(to.lat))),
    0,
  )
  return Math.abs((twice * RADIUS_M * RADIUS_M) / 2)
}

/** Whether any two sides cross: such an outline has no area that anybody means. */
export function crossesItself(points: readonly Place[], closed: boolean): boolean {
  const sides = sidesOf(points, closed)
  return sides.some(([a, b], index) =>
    sides.slice(index + 2).some(([c, d]) => !(closed && c !== a && d === a) && cross(a, b, c, d)),
  )
}

function sidesOf<P>(points: readonly P[], closed: boolean): [P, P][] {
  const sides = points.slice(1).map((to, index): [P, P] => [points[index] as P, to])
  const [first, last] = [points[0], points.at(-1)]
  if (closed && points.length > 2 && first !== undefined && last !== undefined) sides.push([last, first])
  return sides
}

function cross(a: Place, b: Place, c: Place, d: Place): boolean {
  const side = (p: Place, q: Place, r: Place) => Math.sign((q.lon - p.lon) * (r.lat - p.lat) - (q.lat - p.lat) * (r.lon - p.lon))
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0
}

/** A place in metres east and north of another one. */
export interface Metres {
  readonly east: number
  readonly north: number
}

export function toMetres(origin: Place, place: Place): Metres {
  return {
    east: rad(place.lon - origin.lon) * RADIUS_M * Math.cos(rad(origin.lat)),
    north: rad(place.lat - origin.lat) * RADIUS_M,
  }
}

export function fromMetres(origin: Place, { east, north }: Metres): Place {
  return {
    lat: origin.lat + deg(north / RADIUS_M),
    lon: origin.lon + deg(east / (RADIUS_M * Math.cos(rad(origin.lat)))),
  }
}

/** What a drawing shows: the lower left corner, and how wide and high it is, in metres. */
export interface View {
  readonly east: number
  readonly north: number
  readonly size: number
}

/** A square in which all of these places lie with room around; never less than `least` metres wide. */
export function viewOf(places: readonly Metres[], least = 60): View {
  const easts = places.map((place) => place.east)
  const norths = places.map((place) => place.north)
  const [west, south] = [Math.min(...easts, 0), Math.min(...norths, 0)]
  const [east, north] = [Math.max(...easts, 0), Math.max(...norths, 0)]
  const size = Math.max(least, Math.max(east - west, north - south) * 1.3)
  return { east: (west + east - size) / 2, north: (south + north - size) / 2, size }
}

/** A round distance between the lines of a grid: 1, 2 or 5 times a power of ten, about eight to a view. */
export function gridStep(size: number): number {
  const rough = size / 8
  const power = 10 ** Math.floor(Math.log10(rough))
  return ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power
}
