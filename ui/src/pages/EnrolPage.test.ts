import { expect, test } from 'vitest'

import { mountPage, settled } from '@/testing/mount'
import type { Mounted } from '@/testing/mount'
import { refuse } from '@/testing/tablet'
import { tablet } from '@/state/tablet'
import EnrolPage from './EnrolPage.vue'

async function type(page: Mounted, pin: string): Promise<void> {
  for (const figure of pin) await page.at(`pin-key-${figure}`).trigger('click')
  await page.at('pin-done').trigger('click')
  await settled()
}

async function paste(page: Mounted, invite: string): Promise<void> {
  await page.at('enrol-invite').setValue(invite)
  await page.at('enrol-read').trigger('click')
  await settled()
}

test('a pasted invite, a look at the station and a PIN typed twice enrol the tablet', async () => {
  const page = await mountPage(EnrolPage)
  await paste(page, '  ailchin1:abc\n')
  expect(page.at('enrol-address').text()).toBe('https://192.168.8.10:7443')
  expect(page.at('enrol-fingerprint').text().replace(/\s/g, '')).toBe('9F3A61C07BE25D48')
  await page.at('enrol-matches').trigger('click')
  await type(page, '482913')
  await type(page, '482913')
  expect(page.asked('read_invite')).toEqual([{ invite: 'ailchin1:abc' }])
  expect(page.asked('enrol')).toEqual([{ invite: 'ailchin1:abc', pin: '482913' }])
  expect(tablet.value?.phase).toBe('open')
})

test('two different PINs are told and nothing is sent', async () => {
  const page = await mountPage(EnrolPage)
  await paste(page, 'ailchin1:abc')
  await page.at('enrol-matches').trigger('click')
  await type(page, '482913')
  await type(page, '482914')
  expect(page.has('enrol-pin-differs')).toBe(true)
  expect(page.asked('enrol')).toEqual([])
})

test('a PIN too weak leads back to the PIN, an invite already used back to the invite', async () => {
  let code: 'pin_too_weak' | 'invite_used' = 'pin_too_weak'
  const page = await mountPage(EnrolPage, { enrol: () => refuse(code) })
  await paste(page, 'ailchin1:abc')
  await page.at('enrol-matches').trigger('click')
  await type(page, '123456')
  await type(page, '123456')
  expect(page.at('pin-pad').attributes('data-step')).toBe('pin')
  expect(page.at('refusal').attributes('data-code')).toBe('pin_too_weak')
  code = 'invite_used'
  await type(page, '482913')
  await type(page, '482913')
  expect(page.has('enrol-invite')).toBe(true)
  expect(page.at('refusal').attributes('data-code')).toBe('invite_used')
})

test('a text that is no invite is refused in words', async () => {
  const page = await mountPage(EnrolPage)
  await paste(page, 'hello')
  expect(page.at('refusal').text()).toContain('邀请码')
  expect(page.has('enrol-check')).toBe(false)
})

test('a picture of the code is sent as its bytes', async () => {
  const page = await mountPage(EnrolPage, {
    read_invite_picture: () => ({ invite: 'ailchin1:qr', address: 'http://127.0.0.1:1', fingerprint: null }),
  })
  const input = page.at('enrol-picture').element as HTMLInputElement
  Object.defineProperty(input, 'files', { value: [new File([new Uint8Array([1, 2, 3])], 'qr.png')] })
  await page.at('enrol-picture').trigger('change')
  await expect.poll(() => page.has('enrol-plain')).toBe(true)
  expect(page.asked('read_invite_picture')).toEqual([{ bytes_base64: 'AQID' }])
})
