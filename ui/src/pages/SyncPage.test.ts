import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { SyncStatus } from '@/api/bindings/SyncStatus'
import { mountPage, settled } from '@/testing/mount'
import { ago } from '@/testing/people'
import { difference, receipt, standing, syncStatus } from '@/testing/tablet'
import SyncPage from './SyncPage.vue'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function showing(changes: Partial<SyncStatus>) {
  return mountPage(SyncPage, { sync_status: () => syncStatus(changes) })
}

test('waiting, sent and verified are three different sentences', async () => {
  const waiting = { revisions: 7, records: 3, blobs: 0, blob_bytes: 0, refused: 0 }
  const waits = await showing({ waiting, covered: false })
  expect(waits.at('sync-state').attributes('data-standing')).toBe('waiting')
  expect(waits.at('lane-waiting').text()).toContain('3 条记录')
  const sent = await showing({ covered: false })
  expect(sent.at('sync-state').text()).toContain('还没有核对')
  const verified = await showing({})
  expect(verified.at('sync-state').text()).toContain('已逐条核对')
})

test('without a receipt nothing is called synced', async () => {
  const none = { revisions: 0, blobs: 0 }
  const page = await showing({ receipt: null, covered: false, standing: { ...standing(), verified: none } })
  expect(page.has('receipt')).toBe(false)
  expect(page.at('empty').text()).toContain('没有回执，就不算同步好')
  expect(page.at('lane-verified').text()).toContain('0')
})

test('a receipt says its counts, its areas and its digest, whole on a tap', async () => {
  const page = await showing({})
  expect(page.at('receipt-sentence').text()).toContain('42 / 42 处修改、61 / 61 张照片和签名')
  expect(page.at('receipt-count').text()).toContain('18,240')
  expect(page.all('receipt-area')).toHaveLength(receipt().scopes.length)
  expect(page.at('receipt-digest').text()).not.toContain(receipt().digest.slice(-4))
  await page.at('receipt-digest').trigger('click')
  expect(page.at('receipt-digest').find('.code').text().replace(/\s/g, '')).toBe(receipt().digest)
})

test('a receipt that is not the station’s makes nothing synced', async () => {
  const page = await showing({ receipt: { ...receipt(), genuine: false } })
  expect(page.at('sync-state').attributes('data-standing')).toBe('never')
})

test('where tablet and station differed it is said what was lacking where, and that a receipt settled it', async () => {
  expect((await showing({})).has('difference')).toBe(false)
  const open = await showing({ covered: false, difference: difference({ settled_by: null, settled_at: null }) })
  expect(open.at('difference').attributes('data-settled')).toBe('false')
  for (const said of ['平板缺 3 处修改，已补收', '派出所缺 5 处修改，等着补交', '派出所缺 2 张照片和签名，等着补交']) {
    expect(open.at('difference').text()).toContain(said)
  }
  expect(open.at('difference-end').text()).toContain('还没有补齐')
  const mended = await showing({ difference: difference() })
  expect(mended.at('difference').attributes('data-settled')).toBe('true')
  expect(mended.at('difference').text()).toContain('派出所缺 5 处修改，已补交')
  expect(mended.at('difference-end').text()).toContain('回执已核对')
})

test('a difference of which nothing was found yet is not passed over', async () => {
  const none = { fetched: 0, returned: 0, photos: 0, settled_by: null, settled_at: null }
  const page = await showing({ covered: false, difference: difference(none) })
  expect(page.at('difference').text()).toContain('还没有查到差在哪里')
})

test('a colleague’s tablet is a tap away', async () => {
  const page = await showing({})
  await page.at('sync-nearby').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.name).toBe('nearby')
})

test('a receipt from before the last change says that it is old', async () => {
  const page = await showing({ covered: false })
  expect(page.has('receipt-stale')).toBe(true)
})

test('progress is of known totals, and an unknown total is not drawn as a share', async () => {
  const known = await showing({ running: { stage: 'push', done: 30, total: 120 } })
  expect(known.at('progress').attributes('aria-valuenow')).toBe('30')
  expect(known.at('progress').attributes('aria-valuemax')).toBe('120')
  expect(known.at('sync-progress').text()).toContain('30 / 120')
  const unknown = await showing({ running: { stage: 'ask', done: 0, total: 0 } })
  expect(unknown.at('progress').attributes('aria-valuenow')).toBeUndefined()
  expect(unknown.at('sync-progress').text()).toContain('正在清点')
})

test('photos are counted in bytes', async () => {
  const page = await showing({ running: { stage: 'blobs', done: 1_300_000, total: 3_400_000 } })
  expect(page.at('sync-progress').text()).toContain('1.3 MB / 3.4 MB')
})

test('a sync is started, followed until its end and can be stopped', async () => {
  let running: SyncStatus['running'] = null
  const page = await mountPage(SyncPage, {
    sync_start: () => {
      running = { stage: 'push', done: 1, total: 2 }
      return {}
    },
    sync_status: () => syncStatus({ running }),
  })
  expect(page.has('sync-stop')).toBe(false)
  await page.at('sync-start').trigger('click')
  await settled()
  expect(page.at('sync-start').attributes('disabled')).toBeDefined()
  await page.at('sync-stop').trigger('click')
  await settled()
  expect(page.asked('sync_stop')).toHaveLength(1)
  running = null
  vi.advanceTimersByTime(300)
  await settled()
  expect(page.has('sync-stop')).toBe(false)
  expect(page.at('sync-start').attributes('disabled')).toBeUndefined()
  const asked = page.asked('sync_status').length
  vi.advanceTimersByTime(3000)
  await settled()
  expect(page.asked('sync_status')).toHaveLength(asked)
})

test('an ended sync says why, what to do, and that nothing is lost', async () => {
  const page = await showing({ last_error: { code: 'station_unreachable' }, covered: false })
  expect(page.at('refusal').text()).toContain('连不上派出所')
  expect(page.at('refusal').text()).toContain('回到派出所的网络')
  expect(page.at('refusal').text()).toContain('没有丢失')
})

test('a clock two minutes off is told, one minute is not', async () => {
  expect((await showing({ clock_ahead_ms: 60_000 })).has('sync-clock')).toBe(false)
  expect((await showing({ clock_ahead_ms: 5_400_000 })).at('sync-clock').text()).toContain('快 90 分钟')
  expect((await showing({ clock_ahead_ms: -5_400_000 })).at('sync-clock').text()).toContain('慢 90 分钟')
})

test('how many records were erased is told, and why', async () => {
  expect((await showing({})).has('sync-erased')).toBe(false)
  const page = await showing({ erased: { on_request: 2, after_retention: 5, last: ago(20) } })
  expect(page.at('sync-erased').text()).toContain('已删除 7 条记录：按住户要求 2 条，保存期满 5 条')
})

test('refused changes and conflicts are told with their number', async () => {
  const waiting = { revisions: 2, records: 1, blobs: 0, blob_bytes: 0, refused: 2 }
  const page = await showing({ waiting, conflicts: 4, covered: false })
  expect(page.at('sync-refused').text()).toContain('2 处')
  expect(page.at('sync-conflicts').text()).toContain('4 条')
})

test('waiting, sent, stored and verified are four figures of the same whole', async () => {
  const done = (revisions: number, blobs: number) => ({ revisions, blobs })
  const page = await showing({
    waiting: { revisions: 2, records: 1, blobs: 1, blob_bytes: 9000, refused: 1 },
    standing: { made: done(44, 62), sent: done(42, 61), stored: done(41, 61), verified: done(40, 60) },
    covered: false,
  })
  expect(page.at('lane-made').text()).toContain('44')
  expect(page.at('lane-made').text()).toContain('62')
  expect(page.at('lane-waiting').text()).toContain('1 条记录')
  expect(page.at('lane-sent').text()).toContain('42')
  expect(page.at('lane-stored').text()).toContain('41')
  expect(page.at('lane-verified').text()).toContain('40')
  expect(page.at('lane-verified').text()).toContain('60')
})

test('a receipt that is not signed by the station is told as none', async () => {
  const page = await showing({ receipt: { ...receipt(), genuine: false } })
  expect(page.at('receipt-genuine').text()).toContain('不算数')
})

test('refused changes and conflicts lead to where something can be done', async () => {
  const waiting = { revisions: 0, records: 0, blobs: 0, blob_bytes: 0, refused: 2 }
  const page = await showing({ waiting, conflicts: 4 })
  await page.at('sync-refused').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.name).toBe('refused')
  await page.at('sync-conflicts').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.name).toBe('conflicts')
})

test('the receipt in full and all receipts are a tap away', async () => {
  const page = await showing({})
  await page.at('receipt-show').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/receipts/receipt-1')
  await page.at('receipts-show').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/receipts')
})

test('photos that wait for Wi-Fi are named', async () => {
  expect((await showing({})).has('sync-wifi')).toBe(false)
  const page = await showing({ photos_wait_for_wifi: 12, covered: false })
  expect(page.at('sync-wifi').text()).toContain('12 张照片等连上 Wi-Fi')
})

test('a tablet that syncs by itself says when it looked for the station and when it looks again', async () => {
  const at = (await showing({})).at('by-itself-line').text()
  expect(at).toContain('派出所有应答')
  expect(at).toContain('9 分钟后再找派出所')
  const by_itself = { on: true, next_in_ms: null, last_probe: { at: receipt().at, answered: false } }
  const away = await showing({ by_itself, covered: false })
  expect(away.at('by-itself-line').text()).toContain('连不上派出所')
  expect(away.has('refusal')).toBe(false)
})

test('syncing by itself is switched off with a tap, beside what is set already', async () => {
  const page = await showing({})
  await page.at('photos-wifi').trigger('click')
  await settled()
  await page.at('by-itself-toggle').trigger('click')
  await settled()
  expect(page.asked('set_sync_settings').at(-1)).toEqual({
    by_itself: false,
    photos_on_wifi_only: true,
    kib_a_second: null,
  })
  expect(page.at('by-itself-toggle').attributes('aria-pressed')).toBe('false')
  expect(page.has('by-itself-line')).toBe(false)
})

test('a page that is left does not go on asking', async () => {
  const page = await showing({})
  const asked = page.asked('sync_status').length
  vi.advanceTimersByTime(5000)
  await settled()
  expect(page.asked('sync_status')).toHaveLength(asked + 1)
  page.page.unmount()
  vi.advanceTimersByTime(20_000)
  await settled()
  expect(page.asked('sync_status')).toHaveLength(asked + 1)
})

test('how photos travel is chosen with a tap each, and each tap is kept', async () => {
  const page = await showing({})
  await page.at('photos-wifi').trigger('click')
  await settled()
  expect(page.at('photos-wifi').text()).toContain('只用 Wi-Fi')
  await page.at('photos-cap-64').trigger('click')
  await settled()
  expect(page.asked('set_sync_settings')).toEqual([
    { by_itself: true, photos_on_wifi_only: true, kib_a_second: null },
    { by_itself: true, photos_on_wifi_only: true, kib_a_second: 64 },
  ])
  expect(page.at('photos-cap-64').attributes('aria-pressed')).toBe('true')
})

test('only what the station has may be freed, and it is said how much', async () => {
  const page = await showing({})
  expect(page.at('photos-space').text()).toContain('151 张')
  await page.at('photos-free').trigger('click')
  await settled()
  expect(page.asked('free_space')).toEqual([{ target_bytes: 284_000_000 }])
  expect(page.has('photos-freed')).toBe(true)
  const none = await mountPage(SyncPage, { space: () => ({ can_free_bytes: 0, can_free: 0 }) })
  expect(none.has('photos-free')).toBe(false)
})
