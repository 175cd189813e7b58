// Invented conflicts, refused changes and histories for tests and the gallery.
import type { ConflictList } from '@/api/bindings/ConflictList'
import type { ConflictPage } from '@/api/bindings/ConflictPage'
import type { FieldInput } from '@/api/bindings/FieldInput'
import type { Names } from '@/api/bindings/Names'
import type { RecordHistory } from '@/api/bindings/RecordHistory'
import type { RecordTitle } from '@/api/bindings/RecordTitle'
import type { RefusedLine } from '@/api/bindings/RefusedLine'
import type { RefusedList } from '@/api/bindings/RefusedList'
import type { WriteLine } from '@/api/bindings/WriteLine'
import { ago, areas, COLLEAGUE, id, nameOf, OFFICER } from './people'

const NOBODY: Names = { zh: '', mong: '', cyrl: '' }
const GACHA: Names = { zh: '查干淖尔', mong: 'ᠴᠠᠭᠠᠨ ᠨᠠᠭᠤᠷ', cyrl: 'Цагаан нуур' }

export function titleOf(kind: string, n: number): RecordTitle {
  return {
    id: id(kind, n),
    kind,
    name: kind === 'household' || kind === 'person' ? nameOf(n) : NOBODY,
    note: kind === 'task' ? '看一看西边围栏修好没有' : '',
    at: kind === 'visit' ? ago(30) : null,
    household: id('household', n),
    household_name: nameOf(n),
    area_name: GACHA,
  }
}

export function conflictList(total = 4): ConflictList {
  const kinds = ['household', 'person', 'task', 'visit'] as const
  const fields = [['phone', 'name_zh', 'name_mong'], ['role'], ['due', 'note'], ['answer.purpose']]
  return {
    total,
    decided_this_month: 3,
    lines: Array.from({ length: Math.min(total, 500) }, (_, n) => ({
      title: titleOf(kinds[n % 4] ?? 'household', n),
      fields: fields[n % 4] ?? [],
      last: ago(n + 2),
    })),
  }
}

function by(n: number, mine: boolean, hours: number): WriteLine {
  return {
    revision: id('revision', n),
    officer_name: mine ? OFFICER : COLLEAGUE,
    at: ago(hours),
    device: id('019a8c2e-7d3f-7000-8000', mine ? 1 : 2),
    mine,
  }
}

function field(name: string, input: FieldInput, base: unknown, theirs: unknown, mine: unknown) {
  return {
    field: name,
    input,
    base: { value: base, revision: id<never>('revision', 90), officer_name: COLLEAGUE, at: ago(24 * 70), mine: false },
    sides: [
      { value: theirs, mine: false, writes: [by(1, false, 5)] },
      { value: mine, mine: true, writes: [by(2, true, 9)] },
    ],
  }
}

/** A household on which two tablets differ in its names, its telephone and its camp. */
export function conflictPage(household = 3): ConflictPage {
  return {
    title: titleOf('household', household),
    seen: [id('revision', 1), id('revision', 2)],
    fields: [
      field('name_mong', { input: 'text' }, 'ᠣᠶᠤᠨ', 'ᠣᠶᠤᠨ ᠴᠡᠴᠡᠭ', 'ᠣᠶᠤᠨᠠ'),
      field('name_zh', { input: 'text' }, '乌云', '乌云其其格', '乌云娜'),
      field('phone', { input: 'phone' }, '13800000003', '13900002222', null),
      field(
        'winter_camp',
        { input: 'place' },
        { name: { zh: '东湖', mong: 'ᠵᠡᠭᠦᠨ ᠨᠠᠭᠤᠷ' }, distance_km: 42 },
        { name: { zh: '东湖北岸', mong: 'ᠵᠡᠭᠦᠨ ᠨᠠᠭᠤᠷ' }, lat: 39.1234, lon: 107.9876, distance_km: 42.5 },
        { name: { zh: '西井' }, distance_km: 57 },
      ),
    ],
    links: {},
  }
}

/** A person on whom three tablets differ. */
export function crowdedConflict(): ConflictPage {
  const role: FieldInput = {
    input: 'choice',
    of: 'role',
    names: ['head', 'spouse', 'parent', 'adult', 'herder', 'other'],
  }
  const crowded = field('role', role, 'adult', 'herder', 'head')
  crowded.sides.push({ value: 'other', mine: false, writes: [by(3, false, 12), by(4, false, 20)] })
  const moved = field('household', { input: 'fixed' }, id('household', 1), id('household', 2), id('household', 3))
  return {
    title: titleOf('person', 5),
    seen: [id('revision', 1), id('revision', 2), id('revision', 3)],
    fields: [moved, crowded],
    links: { [id<string>('household', 1)]: nameOf(1), [id<string>('household', 2)]: nameOf(2), [id<string>('household', 3)]: nameOf(3) },
  }
}

export function refusedLine(n: number, changes: Partial<RefusedLine> = {}): RefusedLine {
  return {
    revision: id('revision', 100 + n),
    title: titleOf('household', n),
    code: 'out_of_scope',
    at: ago(26 + n),
    officer_name: OFFICER,
    area: id('area', 9),
    in_scope: false,
    may_go_now: false,
    first: false,
    fields: [
      { field: 'phone', value: `1390000${String(n).padStart(4, '0')}`, input: { input: 'phone' }, replaced: false },
      { field: 'note', value: '院子里有两条牧羊犬，进门前先打电话。', input: { input: 'lines' }, replaced: false },
    ],
    ...changes,
  }
}

export function refusedList(changes: Partial<RefusedList> = {}): RefusedList {
  const visit = refusedLine(1, {
    title: titleOf('visit', 1),
    first: true,
    fields: [
      {
        field: 'answer.purpose',
        value: 'outreach',
        input: { input: 'choice', of: 'choice.purpose', names: ['visit', 'outreach', 'return_visit', 'service'] },
        replaced: false,
      },
      { field: 'answer.present_count', value: 4, input: { input: 'whole' }, replaced: false },
      {
        field: 'answer.topics',
        value: ['fraud', 'fire'],
        input: { input: 'choices', of: 'choice.topics', names: ['fraud', 'fraud_app', 'road_safety', 'fire', 'law'] },
        replaced: false,
      },
      { field: 'submission', value: '<data/>', input: { input: 'fixed' }, replaced: false },
    ],
  })
  const back = refusedLine(2, { in_scope: true, may_go_now: true, area: id('area', 1) })
  const lines = [refusedLine(0), visit, back]
  return { lines, total: lines.length, discarded: [], areas: areas(1500), links: {}, ...changes }
}

export function recordHistory(): RecordHistory {
  const entry = {
    officer_name: COLLEAGUE,
    device: id<never>('019a8c2e-7d3f-7000-8000', 2),
    mine: false,
    first: false,
    settles: false,
    moved: null,
    waiting: false,
    refused: null,
    set_aside: false,
  }
  const mine = { officer_name: OFFICER, device: id<never>('019a8c2e-7d3f-7000-8000', 1), mine: true }
  return {
    title: titleOf('household', 3),
    total: 5,
    links: {},
    entries: [
      {
        ...entry,
        ...mine,
        revision: id('revision', 5),
        at: ago(1),
        settles: true,
        waiting: true,
        changes: [{ field: 'phone', from: '13900002222', to: '13800001111', settled: true }],
      },
      {
        ...entry,
        revision: id('revision', 4),
        at: ago(5),
        changes: [{ field: 'phone', from: '13800000003', to: '13900002222', settled: false }],
      },
      {
        ...entry,
        ...mine,
        revision: id('revision', 3),
        at: ago(9),
        refused: 'out_of_scope',
        set_aside: true,
        changes: [{ field: 'note', from: null, to: '院子里有两条牧羊犬', settled: false }],
      },
      {
        ...entry,
        revision: id('revision', 2),
        at: ago(24 * 30),
        moved: { from: { zh: '巴彦', mong: 'ᠪᠠᠶᠠᠨ', cyrl: 'Баян' }, to: GACHA },
        changes: [
          { field: 'name_mong', from: null, to: 'ᠣᠶᠤᠨ', settled: false },
          { field: 'summer_camp', from: { name: { zh: '北坡' } }, to: null, settled: false },
        ],
      },
      {
        ...entry,
        revision: id('revision', 1),
        at: ago(24 * 400),
        first: true,
        changes: [
          { field: 'name_zh', from: null, to: '乌云', settled: false },
          { field: 'phone', from: null, to: '13800000003', settled: false },
        ],
      },
    ],
  }
}
