// @vitest-environment jsdom
import { expect, test, vi } from 'vitest'

import type { OpenForm } from '@/api/bindings/OpenForm'
import { xform } from '@/form/tests/forms'
import { likeABrowser } from '@/form/tests/opened'
import { tablet } from '@/state/tablet'
import { mountPage } from '@/testing/mount'
import { replies, state, syncStatus } from '@/testing/tablet'
import FormPage from './FormPage.vue'

const preload = (name: string, type: string, kind: string, what: string) =>
  `<bind nodeset="/data/${name}" type="${type}" jr:preload="${kind}" jr:preloadParams="${what}"/>`

const FORM = xform({
  data: '<device/><who/><began/><ended/><day/><note/>',
  binds:
    preload('device', 'string', 'property', 'deviceid') +
    preload('who', 'string', 'property', 'username') +
    preload('began', 'dateTime', 'timestamp', 'start') +
    preload('ended', 'dateTime', 'timestamp', 'end') +
    preload('day', 'date', 'date', 'today'),
  body: '<input ref="/data/note"><label>n</label></input>',
})

test('a form that asks who fills it, on which tablet and when, is told by the tablet', async () => {
  likeABrowser()
  tablet.value = state('open')
  const opened = { ...(replies().begin_form({ household: 'household-1' as never, form: 'household_visit' }) as OpenForm), xform: FORM }
  const page = await mountPage(FormPage, { begin_form: () => opened }, { household: 'household-1' })
  const kept = await vi.waitFor(
    () => {
      const last = page.asked('save_draft').at(-1) as { submission: string } | undefined
      if (last === undefined) throw new Error('Nothing is saved yet')
      return last.submission
    },
    { timeout: 15_000 },
  )
  expect(kept).toContain(`<device>${syncStatus().device}</device>`)
  expect(kept).toContain(`<who>${tablet.value.officer ?? ''}</who>`)
  for (const name of ['began', 'ended']) expect(kept).toMatch(new RegExp(`<${name}>\\d{4}-\\d\\d-\\d\\dT\\d\\d:[^<]+</`))
  expect(kept).toMatch(/<day>\d{4}-\d\d-\d\d<\/day>/)
  expect(tablet.value.officer).not.toBeNull()
})

test('where the core cannot say which tablet it is, nothing is begun', async () => {
  const page = await mountPage(FormPage, { sync_status: () => { throw new Error('off') } }, { household: 'household-1' })
  expect(page.asked('begin_form')).toEqual([])
  expect(page.has('refusal')).toBe(true)
})
