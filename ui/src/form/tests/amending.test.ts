// @vitest-environment jsdom
import { expect, test } from 'vitest'

import { openFilling } from '../engine'
import { householdVisit } from './forms'

const OPTIONS = { filler: { device: 'tablet-7', officer: 'officer-3' }, answered: () => undefined }

function idIn(submission: string, name: string): string {
  return new RegExp(`<(?:orx:)?${name}>([^<]+)<`).exec(submission)?.[1] ?? ''
}

test('what changes a finished form has an id of its own and names the one before, also after it was put away', async () => {
  const xml = householdVisit()
  const finished = (await openFilling(xml, { ...OPTIONS, submission: null })).submission()
  const first = idIn(finished, 'instanceID')
  expect(first).not.toBe('')

  const changing = await openFilling(xml, { ...OPTIONS, submission: finished, edits: true })
  const changed = changing.draft()
  expect(idIn(changed, 'deprecatedID')).toBe(first)
  const second = idIn(changed, 'instanceID')
  expect(second).not.toBe('')
  expect(second).not.toBe(first)

  const again = (await openFilling(xml, { ...OPTIONS, submission: changed })).submission()
  expect(idIn(again, 'instanceID')).toBe(second)
  expect(idIn(again, 'deprecatedID')).toBe(first)
})
