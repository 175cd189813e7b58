// One question on the screen, for the tests of this room.
import { afterEach, beforeEach } from 'vitest'
import { nextTick } from 'vue'

import type { memoryHost } from '@/testing/form/memoryHost'
import { xform } from './forms'
import { likeABrowser, openForm, type Opened, type Wish } from './opened'

let opened: Opened | undefined

/** Opens a form that is closed after the test. */
export async function opening(wish: Wish): Promise<Opened> {
  opened?.view.unmount()
  opened = await openForm(wish)
  return opened
}

/** To be called once in a file: every test has a browser and leaves nothing behind. */
export function eachAlone() {
  beforeEach(likeABrowser)
  afterEach(() => {
    opened?.view.unmount()
    opened = undefined
  })
}

/** A form of one question, `q`. */
export function ask(control: string, type = 'string', host?: ReturnType<typeof memoryHost>): Promise<Opened> {
  const xml = xform({ data: '<q/>', binds: `<bind nodeset="/data/q" type="${type}"/>`, body: control })
  return opening({ xml, ...(host === undefined ? {} : { host }) })
}

export function input(appearance = '', more = ''): string {
  return `<input ref="/data/q" appearance="${appearance}" ${more}><label>q</label></input>`
}

/** Chooses a file as the system's picker would. */
export async function pick(field: Element, file: File): Promise<void> {
  Object.defineProperty(field, 'files', { value: [file], configurable: true })
  field.dispatchEvent(new Event('change'))
  await nextTick()
}
