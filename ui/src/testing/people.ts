// Invented households for tests and the gallery. No name here belongs to a real person.
import type { AreaLine } from '@/api/bindings/AreaLine'
import type { Day } from '@/api/bindings/Day'
import type { HouseholdLine } from '@/api/bindings/HouseholdLine'
import type { HouseholdPage } from '@/api/bindings/HouseholdPage'
import type { Instant } from '@/api/bindings/Instant'
import type { Names } from '@/api/bindings/Names'
import type { TaskLine } from '@/api/bindings/TaskLine'
import type { TimelineEntry } from '@/api/bindings/TimelineEntry'
import { activity, caseLine, FORM_NAMES, formLines } from './casework'

/** Monday, 23 November 2026, a quarter past nine at the station. */
export const NOW = Date.parse('2026-11-23T09:15:00+08:00') as Instant
export const TODAY = '2026-11-23' as Day

const HOUR_MS = 3_600_000

const GIVEN: readonly Names[] = [
  { zh: '巴图', mong: 'ᠪᠠᠲᠤ', cyrl: 'Бат' },
  { zh: '其其格', mong: 'ᠴᠡᠴᠡᠭ', cyrl: 'Цэцэг' },
  { zh: '白音', mong: 'ᠪᠠᠶᠠᠨ', cyrl: 'Баян' },
  { zh: '乌云', mong: 'ᠣᠶᠤᠨ', cyrl: 'Оюун' },
  { zh: '苏和', mong: 'ᠰᠦᠬᠡ', cyrl: 'Сүх' },
  { zh: '娜仁', mong: 'ᠨᠠᠷᠠᠨ', cyrl: 'Наран' },
  { zh: '孟和', mong: 'ᠮᠥᠩᠬᠡ', cyrl: 'Мөнх' },
  { zh: '格日勒', mong: 'ᠭᠡᠷᠡᠯ', cyrl: 'Гэрэл' },
  { zh: '额尔敦', mong: 'ᠡᠷᠳᠡᠨᠢ', cyrl: 'Эрдэнэ' },
  { zh: '阿拉坦', mong: 'ᠠᠯᠲᠠᠨ', cyrl: 'Алтан' },
]
const SECOND: readonly Names[] = [
  { zh: '', mong: '', cyrl: '' },
  { zh: '吉日嘎拉', mong: 'ᠵᠢᠷᠭᠠᠯ', cyrl: 'жаргал' },
  { zh: '朝鲁', mong: 'ᠴᠢᠯᠠᠭᠤ', cyrl: 'чулуу' },
]
const GACHAS: readonly Names[] = [
  { zh: '查干淖尔', mong: 'ᠴᠠᠭᠠᠨ ᠨᠠᠭᠤᠷ', cyrl: 'Цагаан нуур' },
  { zh: '巴彦', mong: 'ᠪᠠᠶᠠᠨ', cyrl: 'Баян' },
  { zh: '阿日', mong: 'ᠠᠷᠤ', cyrl: 'Ар' },
  { zh: '乌兰', mong: 'ᠤᠯᠠᠭᠠᠨ', cyrl: 'Улаан' },
  { zh: '呼和', mong: 'ᠬᠥᠬᠡ', cyrl: 'Хөх' },
  { zh: '哈日', mong: 'ᠬᠠᠷ᠎ᠠ', cyrl: 'Хар' },
]
export const GACHA: Names = at(GACHAS, 0)
export const OFFICER: Names = { zh: '宝力道', mong: 'ᠪᠣᠯᠣᠳ', cyrl: 'Болд' }
export const COLLEAGUE: Names = { zh: '李明', mong: '', cyrl: '' }
export const STATION: Names = { zh: '查干派出所', mong: 'ᠴᠠᠭᠠᠨ ᠴᠠᠭᠳᠠᠭ᠎ᠠ ᠶᠢᠨ ᠲᠠᠰᠤᠭ', cyrl: 'Цагаан тасаг' }

/** An identifier that reads like what it names. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the place it is used in knows its kind
export function id<T extends string>(kind: string, n: number): T {
  return `${kind}-${n}` as T
}

export function nameOf(n: number): Names {
  const given = at(GIVEN, n)
  const second = at(SECOND, Math.floor(n / GIVEN.length))
  return {
    zh: given.zh + second.zh,
    mong: [given.mong, second.mong].filter((part) => part !== '').join(' '),
    cyrl: [given.cyrl, second.cyrl].join(''),
  }
}

export function areas(households: number): AreaLine[] {
  return GACHAS.map((name, n) => ({
    id: id('area', n),
    parent: null,
    level: 'gacha',
    name,
    households: Math.floor(households / GACHAS.length),
  }))
}

export function householdLine(n: number): HouseholdLine {
  return {
    id: id('household', n),
    name: nameOf(n),
    area_name: at(GACHAS, n),
    phone: `1380000${String(n).padStart(4, '0')}`,
    camp: n % 3 === 0 ? '东湖冬营盘' : '北坡夏营盘',
    last_visit: n % 5 === 4 ? null : day(-((n * 7) % 90)),
    open_tasks: n % 7 === 1 ? 2 : 0,
    conflict: n === 3,
  }
}

export function householdPage(n: number): HouseholdPage {
  const line = householdLine(n)
  return {
    id: line.id,
    name: line.name,
    areas: [
      { id: id('area', n % 6), parent: id('area', 90), level: 'gacha', name: line.area_name, households: 250 },
      {
        id: id('area', 90),
        parent: null,
        level: 'sumu',
        name: { zh: '查干苏木', mong: 'ᠴᠠᠭᠠᠨ ᠰᠤᠮᠤ', cyrl: 'Цагаан сум' },
        households: 1500,
      },
    ],
    phone: line.phone,
    places: [
      {
        season: 'winter_camp',
        name: { zh: '东湖', mong: 'ᠵᠡᠭᠦᠨ ᠨᠠᠭᠤᠷ', cyrl: 'Зүүн нуур' },
        lat: 39.1234,
        lon: 107.9876,
        distance_km: 42.5,
      },
      {
        season: 'summer_camp',
        name: { zh: '北坡', mong: '', cyrl: 'Ар' },
        lat: null,
        lon: null,
        distance_km: 57,
      },
    ],
    persons: [
      { id: id('person', n * 3), name: line.name, phone: line.phone, role: 'head' },
      { id: id('person', n * 3 + 1), name: nameOf(n + 1), phone: '', role: 'spouse' },
      { id: id('person', n * 3 + 2), name: nameOf(n + 12), phone: '13800009999', role: 'adult' },
    ],
    timeline: [
      { what: 'task', ...task(n), at: ago(24 * 6), waiting: false },
      visit(n, ago(3), true),
      { what: 'activity', ...activity(n) },
      { ...visit(n + 1, ago(24 * 40), false), form: 'return_visit' },
      { what: 'task', ...task(n + 8), done: true, overdue: false, at: ago(24 * 50), waiting: false },
      { ...visit(n + 2, ago(24 * 90), false), outcome: 'nobody_home', purpose: '', topics: [] },
    ],
    visits: 3,
    drafts: [],
    cases: n % 2 === 1 ? [caseLine(1), caseLine(2)] : [],
    forms: formLines('household'),
    form_names: FORM_NAMES,
    conflicts: [],
    waiting: false,
    seen: [id('revision', n)],
  }
}

export function task(n: number): TaskLine {
  const due = day((n % 9) - 4)
  return {
    id: id('task', n),
    household: id('household', n),
    household_name: nameOf(n),
    area_name: at(GACHAS, n),
    note: at(['帮助安装国家反诈中心 app', '看一看西边围栏修好没有', '送防火宣传材料，并约好下次上门的时间'], n),
    due,
    overdue: due < TODAY,
    done: false,
  }
}

function visit(n: number, when: Instant, waiting: boolean): Extract<TimelineEntry, { what: 'visit' }> {
  return {
    what: 'visit',
    id: id('visit', n),
    form: 'household_visit',
    at: when,
    officer_name: n % 2 === 0 ? OFFICER : COLLEAGUE,
    outcome: 'visited',
    purpose: 'visit',
    topics: ['fraud', 'fire', 'road_safety'],
    waiting,
  }
}

export function ago(hours: number): Instant {
  return (NOW - hours * HOUR_MS) as Instant
}

export function day(offset: number): Day {
  return new Date(NOW + offset * 24 * HOUR_MS).toISOString().slice(0, 10) as Day
}

function at<T>(list: readonly T[], n: number): T {
  const thing = list[n % list.length]
  if (thing === undefined) throw new RangeError('The list is empty')
  return thing
}
