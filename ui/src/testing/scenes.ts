// The situations the gallery shows: an ordinary day, nothing there, too much there, and everything that can go wrong.
import { draftLine } from './casework'
import { ago, COLLEAGUE, householdPage, id, OFFICER, task } from './people'
import { conflictList, conflictPage, crowdedConflict, recordHistory, refusedLine, refusedList } from './undecided'
import {
  bundleStatus,
  difference,
  nearbyStatus,
  neighbour,
  receipt,
  refuse,
  replies,
  shutOut,
  state,
  syncStatus,
} from './tablet'
import type { Replies } from './tablet'

const NOTHING = { revisions: 0, blobs: 0 }

const SCENES = {
  day: () => ({}),
  new: () => ({ tablet_state: () => state('new') }),
  locked: () => ({ tablet_state: () => state('locked') }),
  delayed: () => ({ tablet_state: () => ({ ...state('locked'), pin_wait_ms: 90_000 }) }),
  'wrong-pin': () => ({ tablet_state: () => state('locked'), unlock: () => refuse('wrong_pin') }),
  gone: () => ({ tablet_state: () => state('shut_out'), shut_out: () => shutOut() }),
  'gone-pin': () => ({
    tablet_state: () => state('shut_out'),
    shut_out: () => shutOut({ stage: 'needs_pin', bytes: 0, bytes_done: 0, parts: 0, last_error: null, shelves: [] }),
  }),
  'gone-erased': () => ({
    tablet_state: () => state('shut_out'),
    shut_out: () =>
      shutOut({ stage: 'erased', erased_at: ago(0.1), bytes_done: 3_400_000, last_error: null, shelves: [] }),
  }),
  broken: () => ({ tablet_state: () => refuse('file_too_new') }),
  empty: (tablet) => ({
    cases: () => ({ total: 0, lines: [] }),
    today: async () => ({
      ...(await tablet.today({})),
      due: [],
      open_tasks: 0,
      drafts: [],
      visits_today: 0,
      waiting: { revisions: 0, records: 0, blobs: 0, blob_bytes: 0, refused: 0 },
      conflicts: 0,
      decided_this_month: 0,
      receipt: null,
    }),
    areas: () => [],
    households: () => ({ total: 0, lines: [] }),
    household: () => ({
      ...householdPage(2),
      phone: '',
      places: [],
      persons: [],
      timeline: [],
      visits: 0,
    }),
    visit: async (request) => ({ ...(await tablet.visit(request)), answers: {}, attachments: [] }),
    sync_status: () =>
      syncStatus({
        standing: { made: NOTHING, sent: NOTHING, stored: NOTHING, verified: NOTHING },
        receipt: null,
        covered: false,
        last_tried: null,
        clock_ahead_ms: null,
        by_itself: { on: false, next_in_ms: null, last_probe: null },
      }),
    conflicts: () => ({ total: 0, decided_this_month: 0, lines: [] }),
    conflict: () => ({ ...conflictPage(), fields: [] }),
    refused: () => refusedList({ lines: [], total: 0 }),
    history: () => ({ ...recordHistory(), total: 1, entries: recordHistory().entries.slice(-1) }),
    receipts: () => [],
    bundle_status: () =>
      bundleStatus({
        covered: true,
        waiting: { revisions: 0, records: 0, blobs: 0, blob_bytes: 0, refused: 0 },
        exports: [],
        shelves: bundleStatus().shelves.slice(1),
      }),
  }),
  long: (tablet) => ({
    today: async () => ({
      ...(await tablet.today({})),
      due: Array.from({ length: 60 }, (_, n) => ({
        ...task(n),
        note: '请他看一看围栏和水井，并把修路的事告诉苏木。'.repeat((n % 4) + 1),
      })),
      open_tasks: 1204,
      waiting: { revisions: 1207, records: 403, blobs: 151, blob_bytes: 284_000_000, refused: 2 },
      conflicts: 12,
    }),
    household: () => ({
      ...householdPage(11),
      name: {
        zh: '阿拉坦其木格吉日嘎拉图额尔敦巴雅尔',
        mong: 'ᠠᠯᠲᠠᠨᠴᠢᠮᠡᠭ ᠵᠢᠷᠭᠠᠯᠲᠤ ᠡᠷᠳᠡᠨᠢᠪᠠᠶᠠᠷ',
        cyrl: 'Алтанчимэг жаргалт Эрдэнэбаяр',
      },
      conflicts: [conflict()],
      drafts: [
        draftLine({ household: id('household', 11), subject: id('household', 11), household_name: householdPage(11).name }),
      ],
      timeline: Array.from({ length: 40 }, (_, n) => householdPage(n).timeline).flat().slice(0, 200),
      visits: 412,
      waiting: true,
    }),
    nearby_status: () =>
      nearbyStatus(
        { is: 'looking', found: Array.from({ length: 9 }, (_, n) => neighbour(n)), blind: false },
        { carried: Array.from({ length: 12 }, (_, n) => ({ ...neighbour(n), parts: 40, answers: n, bytes: 93_000_000, since: ago(n) })) },
      ),
    conflicts: () => conflictList(60),
    refused: () => refusedList({ lines: Array.from({ length: 30 }, (_, n) => refusedLine(n)), total: 214 }),
    visit: async (request) => {
      const visit = await tablet.visit(request)
      return { ...visit, answers: { ...visit.answers, opinions: '希望把到苏木的路修一修。'.repeat(40) } }
    },
    sync_status: () =>
      syncStatus({
        waiting: { revisions: 1207, records: 403, blobs: 151, blob_bytes: 284_000_000, refused: 2 },
        standing: {
          made: { revisions: 18_240, blobs: 2_151 },
          sent: { revisions: 17_033, blobs: 2_000 },
          stored: { revisions: 17_031, blobs: 2_000 },
          verified: { revisions: 16_800, blobs: 1_960 },
        },
        covered: false,
        conflicts: 12,
        erased: { on_request: 14, after_retention: 207, last: ago(20) },
        clock_ahead_ms: 5_400_000,
        by_itself: { on: true, next_in_ms: 252_000, last_probe: { at: ago(0.02), answered: false } },
        last_error: { code: 'station_unreachable' },
        last_tried: ago(2),
      }),
  }),
  crowd: () => ({ conflict: () => crowdedConflict() }),
  discarded: () => ({ refused: () => refusedList({ lines: [], total: 0, discarded: [refusedLine(3)] }) }),
  error: () => ({
    conflicts: () => refuse('file_failed'),
    conflict: () => refuse('not_found'),
    decide: () => refuse('field_wrong', { field: 'phone' }),
    refused: () => refuse('file_failed'),
    history: () => refuse('not_found'),
    bundle_status: () => bundleStatus({ ready: false, exports: [] }),
    bundle_import: () => refuse('bundle_unreadable'),
    nearby_status: () => refuse('file_failed'),
    receipts: () => refuse('file_failed'),
    receipt: () => refuse('not_found'),
    today: () => refuse('file_failed'),
    areas: () => refuse('file_failed'),
    households: () => refuse('file_failed'),
    household: () => refuse('not_found'),
    visit: () => refuse('not_found'),
    begin_form: () => refuse('disk_full'),
    sync_status: () =>
      syncStatus({ receipt: receipt(), covered: false, last_error: { code: 'digest_mismatch' }, last_tried: ago(1) }),
  }),
  differs: () => ({
    sync_status: () => syncStatus({ covered: false, difference: difference({ settled_by: null, settled_at: null }) }),
    nearby_status: () =>
      nearbyStatus({ is: 'ended', gives: true, refusal: { code: 'nearby_ended' }, moved: true }),
  }),
  mended: () => ({
    sync_status: () => syncStatus({ difference: difference() }),
    nearby_status: () =>
      nearbyStatus({ is: 'moving', other: neighbour(1), gives: true, moving: { out: true, done: 1_300_000, total: 3_400_000 } }),
  }),
  comparing: () => ({
    nearby_status: () => nearbyStatus({ is: 'comparing', code: '408213', other: neighbour(1), gives: true, confirmed: false }),
  }),
  waiting: () => ({
    nearby_status: () => nearbyStatus({ is: 'waiting', addresses: ['192.168.8.23'], hidden: false, passed: null }),
  }),
  running: () => ({
    sync_status: () =>
      syncStatus({
        running: { stage: 'blobs', done: 1_300_000, total: 3_400_000 },
        waiting: { revisions: 0, records: 0, blobs: 3, blob_bytes: 2_100_000, refused: 0 },
        covered: false,
      }),
  }),
  sent: () => ({ sync_status: () => syncStatus({ covered: false }) }),
  verified: () => ({ sync_status: () => syncStatus() }),
} satisfies Record<string, (tablet: Replies) => Partial<Replies>>

export type SceneName = keyof typeof SCENES
export const SCENE_NAMES = Object.keys(SCENES) as SceneName[]

/** What the tablet answers in a situation; on an ordinary day, if nobody knows of it. */
export function scene(name: string, xform: string): Replies {
  const tablet = replies(1500, xform)
  const known = SCENE_NAMES.find((each) => each === name)
  return known === undefined ? tablet : { ...tablet, ...SCENES[known](tablet) }
}

function conflict() {
  return {
    field: 'phone',
    values: [
      { value: '13800001111', revision: id<never>('revision', 1), officer_name: OFFICER, at: ago(5), mine: true },
      { value: '13900002222', revision: id<never>('revision', 2), officer_name: COLLEAGUE, at: ago(9), mine: false },
    ],
  }
}

