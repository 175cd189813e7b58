// A tablet in memory that answers every command, for component tests and the gallery. Never part of the product.
import type { Answer, CommandName, Request } from '@/api'
import type { BundleLine } from '@/api/bindings/BundleLine'
import type { BundleStatus } from '@/api/bindings/BundleStatus'
import type { Difference } from '@/api/bindings/Difference'
import type { Hash } from '@/api/bindings/Hash'
import type { Names } from '@/api/bindings/Names'
import type { NearbyConfirm } from '@/api/bindings/NearbyConfirm'
import type { NearbyStage } from '@/api/bindings/NearbyStage'
import type { NearbyStatus } from '@/api/bindings/NearbyStatus'
import type { NeighbourLine } from '@/api/bindings/NeighbourLine'
import type { OpenForm } from '@/api/bindings/OpenForm'
import type { Phase } from '@/api/bindings/Phase'
import type { ReceiptId } from '@/api/bindings/ReceiptId'
import type { ReceiptView } from '@/api/bindings/ReceiptView'
import type { Refusal } from '@/api/bindings/Refusal'
import type { ShutOutStatus } from '@/api/bindings/ShutOutStatus'
import type { Standing } from '@/api/bindings/Standing'
import type { SyncStatus } from '@/api/bindings/SyncStatus'
import type { TabletState } from '@/api/bindings/TabletState'
import { caseLine, casePage, draftLine, FORM_LINES, FORM_NAMES, mediation } from './casework'
import { ago, areas, COLLEAGUE, GACHA, householdLine, householdPage, id, nameOf, OFFICER, STATION, task, TODAY } from './people'
import { conflictList, conflictPage, crowdedConflict, recordHistory, refusedList } from './undecided'

type Reply<K extends CommandName> = (request: Request<K>) => Answer<K> | Promise<Answer<K>>
export type Replies = { [K in CommandName]: Reply<K> }

/** What the fake tablet answers with a refusal. */
export class Refusing extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.code)
    this.refusal = refusal
  }
}

export function refuse(code: Refusal['code'], more: Omit<Refusal, 'code'> = {}): never {
  throw new Refusing({ code, ...more })
}

export function state(phase: Phase): TabletState {
  const officers = [
    { id: id<never>('officer', 1), name: OFFICER },
    { id: id<never>('officer', 2), name: COLLEAGUE },
  ]
  return {
    phase,
    station: phase === 'new' ? null : STATION,
    officers: phase === 'new' ? [] : officers,
    officer: phase === 'open' ? id('officer', 1) : null,
    pin_wait_ms: 0,
    version: '0.1.0',
  }
}

export function receipt(): ReceiptView {
  const digest = (n: number) => `${n}7f3c9a1e5b2d8046`.repeat(4).slice(0, 64) as Hash
  return {
    id: id('receipt', 1),
    at: ago(14),
    position: 19_482,
    own_stored: 42,
    own_total: 42,
    blobs_stored: 61,
    blobs_total: 61,
    count: 18_240,
    digest: digest(9),
    genuine: true,
    scopes: areas(1500).map((area, n) => ({ area: area.id, name: area.name, count: 3040 - n, digest: digest(n) })),
  }
}

/** Everything made here is stored and covered by a receipt, but what waits. */
export function standing(changes = 0, blobs = 0): Standing {
  const done = { revisions: 42, blobs: 61 }
  return { made: { revisions: 42 + changes, blobs: 61 + blobs }, sent: done, stored: done, verified: done }
}

export function syncStatus(changes: Partial<SyncStatus> = {}): SyncStatus {
  return {
    running: null,
    waiting: { revisions: 0, records: 0, blobs: 0, blob_bytes: 0, refused: 0 },
    standing: standing(),
    receipt: receipt(),
    covered: true,
    difference: null,
    photos_wait_for_wifi: 0,
    last_error: null,
    last_tried: ago(14),
    conflicts: 0,
    erased: { on_request: 0, after_retention: 0, last: null },
    clock_ahead_ms: 0,
    by_itself: { on: true, next_in_ms: 540_000, last_probe: { at: ago(0.1), answered: true } },
    address: 'https://192.168.8.10:7443',
    device: id('019a8c2e-7d3f-7000-8000', 1),
    ...changes,
  }
}

/** Three changes were lacking here and five there; the last receipt settled it. */
export function difference(changes: Partial<Difference> = {}): Difference {
  return {
    at: ago(15),
    fetched: 3,
    returned: 5,
    photos: 2,
    settled_by: receipt().id,
    settled_at: receipt().at,
    ...changes,
  }
}

/** The tablet of a colleague. */
export function neighbour(n: number, officer_name: Names = COLLEAGUE): NeighbourLine {
  return { device: id(`019a8c2e-7d3f-7000-8000-00000000f00${n}`, n), officer_name, address: `192.168.8.${20 + n}:7447` }
}

/** Seven changes wait, and something is carried for a colleague. */
export function nearbyStatus(stage: NearbyStage = { is: 'idle' }, changes: Partial<NearbyStatus> = {}): NearbyStatus {
  const { device, officer_name } = neighbour(1)
  return {
    ready: true,
    waiting: { revisions: 7, records: 3, blobs: 5, blob_bytes: 3_400_000, refused: 0 },
    covered: false,
    stage,
    carried: [{ device, officer_name, parts: 2, answers: 1, bytes: 5_200_000, since: ago(6) }],
    ...changes,
  }
}

/** A bundle that was written; only the first is not answered. */
export function bundleLine(n: number): BundleLine {
  return {
    id: id('bundle', n),
    at: ago(20 * n),
    parts: 2,
    bytes: 3_600_000,
    revisions: 7,
    blobs: 5,
    answered_at: n === 1 ? null : ago(18),
  }
}

/** Seven changes wait, a stick is in, one bundle is answered and one is not. */
export function bundleStatus(changes: Partial<BundleStatus> = {}): BundleStatus {
  return {
    ready: true,
    waiting: { revisions: 7, records: 3, blobs: 5, blob_bytes: 3_400_000, refused: 0 },
    covered: false,
    exports: [bundleLine(1), bundleLine(2)],
    shelves: [
      { path: '/media/officer/KINGSTON', name: 'KINGSTON', answers: true },
      { path: '/home/officer/.local/share/ailchin/exports', name: '', answers: false },
    ],
    ...changes,
  }
}

/** Two of three files are at the station, which does not answer now. */
export function shutOut(changes: Partial<ShutOutStatus> = {}): ShutOutStatus {
  return {
    stage: 'handing_over',
    station: STATION,
    address: 'https://192.168.8.10:7443',
    revoked_at: ago(3),
    erased_at: null,
    revisions: 17,
    refused: 2,
    drafts: 1,
    blobs: 5,
    parts: 3,
    bytes: 3_400_000,
    bytes_done: 2_100_000,
    running: false,
    last_error: { code: 'station_unreachable' },
    last_tried: ago(0.1),
    next_in_ms: 42_000,
    shelves: bundleStatus().shelves,
    ...changes,
  }
}

function openForm(xform: string): OpenForm {
  return {
    draft: id('draft', 1),
    about: 'household',
    subject: id('household', 1),
    household: id('household', 1),
    household_name: nameOf(1),
    form: 'household_visit',
    form_names: FORM_NAMES['household_visit'] ?? {},
    amends: false,
    fresh: true,
    xform,
    submission: null,
    page: 0,
    attachments: [],
  }
}

/** A tablet in use: 1,500 households, two tasks due, one draft, three records waiting. */
export function replies(households = 1500, xform = ''): Replies {
  let phase: Phase = 'open'
  const lines = Array.from({ length: households }, (_, n) => householdLine(n))
  const moveTo = (next: Phase) => state((phase = next))
  const saved = (record: string) => ({ record: record as never, revision: id<never>('revision', 1) })
  // A few strokes of a pen.
  const picture = {
    media_type: 'image/png',
    bytes_base64: [
      'iVBORw0KGgoAAAANSUhEUgAAALQAAAA4AQAAAAB8xO88AAABeElEQVR42s3UO3LCMBAG4GU8g1JkZlOmyETXSKcrpUxnMRQufSUzFFxDuYFK',
      'Fx5t/tUDSDBVGmgwH2ZfXkGy+or0kJ7Mus/dusc7Hu74dFz3zbqn7iiTvfWFB/Hdrc8WXjukK4/OyEA5UChvxUPPMobcM5G58gRfNpqJPjYX',
      'PyQro5DLjdPF94v6tDUSGEHPbmYHnxHas8SzJ86e4MSC6+qLxT0DpgQfZTn7bINkZ+ngaMBmj27KfhBhRjjXvIecUBauGS1Q9aByzD9BgxEt',
      'Fz+It82thC1R8b34jXxrDE3qeaneYciuupMdOs+uy+O5OJoyY60fuTCviKq1NOHq39pIouKhT83DlzbuP3v1CRVx9Rf18Jp9d/FIugnzk9O8',
      'nSRXfcmuU2EtLb3bWk92wR5gNvjqrfmUNwD7NmDikp6b+z7vBGMeASVQey6+bBijGL2F2vPdlyNjZEq6O/73uUMpgbqV82jwgVcc1eSUf/3U',
      'Mj3w/8n//Qc5BUeebIZcUQAAAABJRU5ErkJggg==',
    ].join(''),
  }
  return {
    tablet_state: () => state(phase),
    read_invite: ({ invite }) =>
      invite.startsWith('ailchin1:')
        ? { invite, address: 'https://192.168.8.10:7443', fingerprint: '9f3a61c07be25d48'.repeat(4) }
        : refuse('invite_unreadable'),
    read_invite_picture: () => refuse('picture_unreadable'),
    enrol: () => moveTo('open'),
    unlock: () => moveTo('open'),
    lock: () => moveTo('locked'),
    today: () => ({
      day: TODAY,
      officer: { id: id('officer', 1), name: OFFICER },
      due: [0, 1, 2, 4, 5, 6].map(task),
      open_tasks: 23,
      drafts: [
        draftLine(),
        draftLine({ id: id('draft', 2), about: 'area', subject: id('area', 1), household: null, household_name: GACHA, form: 'patrol' }),
      ],
      visits_today: 3,
      waiting: { revisions: 7, records: 3, blobs: 5, blob_bytes: 3_400_000, refused: 0 },
      conflicts: 1,
      decided_this_month: 3,
      receipt: receipt(),
    }),
    areas: () => areas(households),
    households: ({ query, area, offset, limit }) => {
      const gacha = area === undefined ? null : Number(area.slice('area-'.length))
      const found = lines.filter(
        (line, n) =>
          (gacha === null || n % 6 === gacha) &&
          [line.name.zh, line.name.mong ?? '', line.phone].some((text) => text.includes(query)),
      )
      return { total: found.length, lines: found.slice(offset, offset + limit) }
    },
    household: ({ id: household }) => householdPage(Number(household.slice('household-'.length))),
    edit: ({ id: record }) => saved(record),
    task_done: ({ id: record }) => saved(record),
    visit: ({ id: visit }) => visit.startsWith('activity') ? mediation() : ({
      id: visit,
      household: id('household', 1),
      case: null,
      household_name: nameOf(1),
      at: ago(3),
      officer_name: OFFICER,
      form: 'household_visit',
      form_names: FORM_NAMES['household_visit'] ?? {},
      questions: [],
      answers: {
        outcome: 'visited',
        present_count: 4,
        purpose: 'visit',
        topics: ['fraud', 'fire'],
        fraud_app: 'installed_now',
        opinions: '希望把到苏木的路修一修，下雪以后车开不过来。',
        follow_up: 'yes',
        follow_up_by: '2026-12-01',
        follow_up_note: '把修路的事告诉苏木，并回话。',
        signed: 'yes',
        signature: 'signature.png',
      },
      attachments: [
        { name: 'signature.png', hash: 'a'.repeat(64) as Hash, size_bytes: 5200, media_type: 'image/png' },
      ],
      waiting: true,
      sealed: false,
      may_amend: true,
      amended_because: null,
      addenda: [],
      kept_months: 24,
    }),
    print_file: ({ paper }) => ({
      path: `/home/officer/.local/share/ailchin/exports/${paper}-202611230915-1.pdf`,
      size_bytes: 48_200,
    }),
    history: () => recordHistory(),
    conflicts: () => conflictList(),
    conflict: ({ id: record }) => (record.startsWith('person') ? crowdedConflict() : conflictPage()),
    decide: () => ({ revision: id('revision', 1), left: 0 }),
    refused: () => refusedList(),
    refused_correct: () => ({}),
    refused_again: () => ({ saved: 1 }),
    refused_discard: () => ({}),
    refused_take_back: () => ({}),
    refused_export: () => ({ path: '/home/officer/.local/share/ailchin/exports/refused-202611230915-1.ndjson', count: 3 }),
    begin_form: () => openForm(xform),
    open_draft: () => openForm(xform),
    save_draft: () => ({}),
    attach: ({ name, media_type }) => ({ name, hash: 'b'.repeat(64) as Hash, size_bytes: 5200, media_type }),
    attachment: () => picture,
    delete_draft: () => ({}),
    restore_draft: () => ({}),
    finish_form: () => ({
      visit: id('visit', 1), task: id('task', 1), household: id('household', 1), records: [], left_out: [],
    }),
    forms: () => FORM_LINES,
    form_resource: () => null,
    amend_form: () => ({ ...openForm(xform), amends: true }),
    add_to_form: ({ id: record }) => saved(record),
    cases: ({ offset, limit }) => ({ total: 7, lines: [0, 1, 2, 4, 5, 6, 8].map(caseLine).slice(offset, offset + limit) }),
    case: ({ id: record }) => casePage(Number(record.slice('case-'.length))),
    blob: () => picture,
    position: () => null,
    camera: () => null,
    sync_settings: () => ({ by_itself: true, photos_on_wifi_only: false, kib_a_second: null }),
    set_sync_settings: (settings) => settings,
    space: () => ({ can_free_bytes: 284_000_000, can_free: 151 }),
    free_space: ({ target_bytes }) => ({ bytes: target_bytes }),
    sync_start: () => ({}),
    sync_stop: () => ({}),
    sync_status: () =>
      syncStatus({
        waiting: { revisions: 7, records: 3, blobs: 5, blob_bytes: 3_400_000, refused: 0 },
        standing: standing(7, 5),
        covered: false,
      }),
    bundle_status: () => bundleStatus(),
    bundle_export: ({ folder }) => ({
      bundle: bundleLine(1),
      folder: folder ?? '',
      files: ['001', '002'].map((part) => `${folder ?? ''}/${part}.ailchin`),
    }),
    bundle_import: () => ({ parts: 1, pulled: 12, receipt: true, covered: true }),
    ...nearbyReplies(),
    shut_out: () => shutOut(),
    shut_out_start: () => ({}),
    shut_out_export: ({ folder }) => ({ path: folder ?? '', count: 3 }),
    shut_out_import: () => state('shut_out'),
    shut_out_done: () => moveTo('new'),
    receipts: () =>
      [0, 1, 2].map((n) => {
        const { position, blobs_stored, blobs_total, count, genuine } = receipt()
        const own = 42 - n * 11
        const kept = { position, blobs_stored, blobs_total, count, genuine, own_stored: own, own_total: own }
        const settled_by = id<ReceiptId>('receipt-0000000', n)
        return { ...kept, id: settled_by, at: ago(14 + n * 30), difference: n === 1 ? difference({ settled_by }) : null }
      }),
    receipt: () => ({
      receipt: receipt(),
      text: JSON.stringify({ id: 'receipt-1', station: 'station-1', position: 19_482, own_seq: 42, own_stored: 42 }),
      signature: '7f3c9a1e5b2d8046'.repeat(8),
      station_key: 'd0962120e892817f'.repeat(4),
    }),
  }
}

/** A colleague's tablet that waits nearby; whoever is called is met, confirms at once and carries everything. */
function nearbyReplies() {
  let stage: NearbyStage = { is: 'idle' }
  const come = (next: NearbyStage) => nearbyStatus((stage = next))
  const other = neighbour(1)
  const answer = { parts: 1, pulled: 12, receipt: true, covered: true }
  return {
    nearby_status: () => nearbyStatus(stage),
    nearby_open: () => come({ is: 'waiting', addresses: ['192.168.8.23'], hidden: false, passed: null }),
    nearby_look: () => come({ is: 'looking', found: [other], blind: false }),
    nearby_call: () => come({ is: 'comparing', code: '048213', other, gives: true, confirmed: false }),
    nearby_confirm: ({ same }: NearbyConfirm) =>
      come(
        same
          ? { is: 'done', other, gives: true, over: { given: 2, given_bytes: 3_600_000, taken: 1, taken_bytes: 9000, answer } }
          : { is: 'ended', gives: true, refusal: { code: 'nearby_ended' }, moved: false },
      ),
    nearby_leave: () => come({ is: 'idle' }),
  }
}

/** What was asked of the fake tablet, in order. */
export type Asked = { name: CommandName; request: unknown }[]

/** A `fetch` that is this tablet's loopback host. */
export function loopbackOf(tablet: Replies, asked: Asked = []): typeof fetch {
  return async (input, init) => {
    const url = input instanceof globalThis.Request ? input.url : input.toString()
    const name = url.slice(url.lastIndexOf('/') + 1) as CommandName
    const request: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : {}
    asked.push({ name, request })
    try {
      return Response.json(await (tablet[name] as (request: unknown) => unknown)(request))
    } catch (thrown) {
      if (thrown instanceof Refusing) return Response.json(thrown.refusal, { status: 422 })
      throw thrown
    }
  }
}

