import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import type { NearbyStage } from '@/api/bindings/NearbyStage'
import { mountPage, settled } from '@/testing/mount'
import { nearbyStatus, neighbour, refuse } from '@/testing/tablet'
import NearbyPage from './NearbyPage.vue'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function showing(stage: NearbyStage) {
  return mountPage(NearbyPage, { nearby_status: () => nearbyStatus(stage) })
}

const other = neighbour(1)
const NOTHING = { given: 0, given_bytes: 0, taken: 0, taken_bytes: 0, answer: null }

test('an officer finds a colleague’s tablet, compares the digits, and is told what the colleague carries', async () => {
  const page = await mountPage(NearbyPage)
  expect(page.at('nearby-holds').text()).toContain('7 处修改、5 张照片和签名')
  await page.at('nearby-give').trigger('click')
  await settled()
  expect(page.at('nearby-found').text()).toContain('李明')
  await page.at('nearby-found').trigger('click')
  await settled()
  expect(page.asked('nearby_call')).toEqual([{ address: '192.168.8.21:7447' }])
  expect(page.at('nearby-other').text()).toContain('李明')
  expect(page.at('nearby-code').text()).toBe('048213')
  expect(page.at('nearby-code').attributes('aria-label')).toContain('0 4 8 2 1 3')
  await page.at('nearby-same').trigger('click')
  await settled()
  expect(page.asked('nearby_confirm')).toEqual([{ same: true }])
  expect(page.at('nearby-done').text()).toContain('已交出 2 个文件（3.6 MB）')
  expect(page.at('nearby-done').text()).toContain('还不算同步好')
  expect(page.at('nearby-done').text()).toContain('回执已核对')
  await page.at('nearby-finish').trigger('click')
  await settled()
  expect(page.at('nearby').attributes('data-stage')).toBe('idle')
})

test('what is carried is listed with whose it is, how much, since when, and where it goes', async () => {
  const page = await mountPage(NearbyPage)
  const line = page.at('carried-line').text()
  for (const part of ['李明', '2 个文件要交给派出所', '1 个回执文件要还给同事', '5.2 MB', '接下']) expect(line).toContain(part)
  const none = await mountPage(NearbyPage, { nearby_status: () => nearbyStatus({ is: 'idle' }, { carried: [] }) })
  expect(none.has('carried-none')).toBe(true)
})

test('a tablet that is not known here is told by the end of its number, and nothing else', async () => {
  const stranger = neighbour(2, { zh: '' })
  const page = await showing({ is: 'looking', found: [stranger], blind: false })
  expect(page.at('nearby-found').text()).toContain(`平板 ${stranger.device.slice(-4)}`)
})

test('whoever waits is told where a colleague can reach this tablet', async () => {
  const page = await mountPage(NearbyPage)
  await page.at('nearby-take').trigger('click')
  await settled()
  expect(page.at('nearby-own-address').text()).toBe('192.168.8.23')
  await page.at('nearby-leave').trigger('click')
  await settled()
  expect(page.at('nearby').attributes('data-stage')).toBe('idle')
  const off = await showing({ is: 'waiting', addresses: [], hidden: true, passed: { code: 'nearby_elsewhere' } })
  expect(off.has('nearby-off')).toBe(true)
  expect(off.at('refusal').attributes('data-code')).toBe('nearby_elsewhere')
})

test('an address can be typed, and one that is none is told beside the field', async () => {
  const page = await mountPage(NearbyPage, {
    nearby_look: () => nearbyStatus({ is: 'looking', found: [], blind: true }),
    nearby_status: () => nearbyStatus({ is: 'looking', found: [], blind: true }),
    nearby_call: () => refuse('field_wrong', { field: 'address' }),
  })
  expect(page.has('nearby-blind')).toBe(true)
  expect(page.at('nearby-call').attributes('disabled')).toBeDefined()
  await page.page.get('[data-testid="nearby-address"]').setValue('192.168.8')
  await page.at('nearby-call').trigger('click')
  await settled()
  expect(page.at('nearby-no-address').text()).toContain('192.168.8.23')
  expect(page.at('nearby-address').attributes('aria-invalid')).toBe('true')
  expect(page.has('refusal')).toBe(false)
})

test('digits that differ are refused with a tap, and the end says that nothing went over', async () => {
  const page = await mountPage(NearbyPage)
  await page.at('nearby-give').trigger('click')
  await settled()
  await page.at('nearby-found').trigger('click')
  await settled()
  await page.at('nearby-different').trigger('click')
  await settled()
  expect(page.asked('nearby_confirm')).toEqual([{ same: false }])
  expect(page.at('nearby-ended').text()).toContain('没有传出任何内容')
})

test('an officer who has confirmed waits for the other one, and cannot confirm twice', async () => {
  const page = await showing({ is: 'comparing', code: '048213', other, gives: false, confirmed: true })
  expect(page.at('nearby-confirmed').text()).toContain('等对方确认')
  expect(page.at('nearby-same').attributes('disabled')).toBeDefined()
  expect(page.at('nearby-different').attributes('disabled')).toBeUndefined()
})

test('files on their way are shown by known totals', async () => {
  const page = await showing({ is: 'moving', other, gives: true, moving: { out: true, done: 1_300_000, total: 3_400_000 } })
  expect(page.at('nearby-moving').text()).toContain('1.3 MB / 3.4 MB')
  expect(page.at('progress').attributes('aria-valuemax')).toBe('3400000')
  const unknown = await showing({ is: 'moving', other, gives: true, moving: { out: true, done: 0, total: 0 } })
  expect(unknown.at('nearby-moving').text()).toContain('正在准备')
  expect(unknown.at('progress').attributes('aria-valuenow')).toBeUndefined()
})

test.each([
  ['nearby_declined', '对方没有确认数字', '再核对一次'],
  ['nearby_timeout', '等得太久', '稍后再试'],
  ['nearby_unreachable', '没有平板在等', '同一个 Wi-Fi'],
  ['nearby_elsewhere', '别的派出所', '本派出所'],
  ['nearby_ended', '断开了', '稍后再试'],
  ['carries_too_much', '已经满了', '派出所的网络'],
] as const)('an end by %s says what happened and what to do, and can be tried again', async (code, what, todo) => {
  const page = await showing({ is: 'ended', gives: true, refusal: { code }, moved: true })
  const said = page.at('nearby-ended').text()
  expect(said).toContain(what)
  expect(said).toContain(todo)
  expect(said).toContain('下次从断开的地方接着传')
  await page.at('nearby-again').trigger('click')
  await settled()
  expect(page.asked('nearby_look')).toHaveLength(1)
})

test('whoever carries is told what was taken and what was given back', async () => {
  const over = { ...NOTHING, taken: 2, taken_bytes: 3_600_000, given: 1, given_bytes: 9000 }
  const page = await showing({ is: 'done', other, gives: false, over })
  expect(page.at('nearby-done').text()).toContain('已接下')
  expect(page.at('nearby-done').text()).toContain('1 个回执文件交还给对方')
  const first = await showing({ is: 'done', other, gives: false, over: { ...over, given: 0 } })
  expect(first.at('nearby-done').text()).not.toContain('交还给')
})

test('without the station’s word nothing is handed over, but a colleague’s work is carried', async () => {
  const page = await mountPage(NearbyPage, { nearby_status: () => nearbyStatus({ is: 'idle' }, { ready: false }) })
  expect(page.at('nearby-give').attributes('disabled')).toBeDefined()
  expect(page.at('nearby-take').attributes('disabled')).toBeUndefined()
  expect(page.at('refusal').attributes('data-code')).toBe('sealing_unknown')
})

test('what changes by itself is followed; whoever leaves the page ends the waiting, but not files on their way', async () => {
  const waits = await showing({ is: 'waiting', addresses: [], hidden: false, passed: null })
  const asked = waits.asked('nearby_status').length
  vi.advanceTimersByTime(400)
  await settled()
  expect(waits.asked('nearby_status')).toHaveLength(asked + 1)
  waits.page.unmount()
  vi.advanceTimersByTime(4000)
  await settled()
  expect(waits.asked('nearby_status')).toHaveLength(asked + 1)
  expect(waits.asked('nearby_leave')).toHaveLength(1)
  const moves = await showing({ is: 'moving', other, gives: true, moving: { out: true, done: 1, total: 2 } })
  moves.page.unmount()
  await settled()
  expect(moves.asked('nearby_leave')).toHaveLength(0)
})
