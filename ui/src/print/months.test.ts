import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { expect, test } from 'vitest'

import { keptMonths } from './months'

const FORMS = resolve(import.meta.dirname, '../../../packs/anmulong/forms')
const TOLD = /保存多久：(\d+) 个月/

const told = readdirSync(FORMS)
  .filter((file) => file.endsWith('.xml'))
  .map((file) => [file.slice(0, -4), TOLD.exec(readFileSync(join(FORMS, file), 'utf8'))?.[1]] as const)
  .filter(([, months]) => months !== undefined)

test('the forms of the pack tell for how long they keep', () => {
  expect(told.length).toBeGreaterThan(6)
})

test.each(told)('the slip says of %s what its notice says', (form, months) => {
  expect(keptMonths(form)).toBe(Number(months))
})
