import { expect, test, vi } from 'vitest'

import { call, Refused } from '.'

test('an answer of the loopback host is handed on', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ phase: 'new' })))
  expect(await call('tablet_state', {})).toEqual({ phase: 'new' })
})

test('a refusal of the loopback host is thrown with its code and wait', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ code: 'pin_delayed', wait_ms: 4000 }, { status: 422 })))
  const thrown = await call('lock', {}).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(Refused)
  expect((thrown as Refused).refusal).toEqual({ code: 'pin_delayed', wait_ms: 4000 })
})
