// A form on the screen for the tests of this room, with what a browser has and jsdom has not.
import { mount, type DOMWrapper, type VueWrapper } from '@vue/test-utils'
import { expect, vi } from 'vitest'

import type { OpenForm } from '@/api/bindings/OpenForm'
import { i18n } from '@/i18n'
import type { DisplayMode } from '@/state/display'
import { memoryHost, type MemoryHost } from '@/testing/form/memoryHost'
import FormView from '../FormView.vue'

export interface Wish {
  xml: string
  submission?: string | null
  mode?: DisplayMode
  host?: MemoryHost
}

export interface Opened {
  view: VueWrapper
  host: MemoryHost
  /** The element that carries this mark, wherever it is on the page. */
  at: (testid: string) => DOMWrapper<HTMLElement>
  has: (testid: string) => boolean
  /** Waits until what was kept holds this. */
  kept: (piece: string | RegExp) => Promise<void>
  newest: () => string
}

// Long enough for a busy machine; what is waited for usually comes in a few milliseconds.
export function until(holds: () => void): Promise<void> {
  return vi.waitFor(holds, { timeout: 15_000, interval: 10 })
}

export function likeABrowser() {
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
  Element.prototype.scrollTo = () => undefined
  Element.prototype.scrollIntoView = () => undefined
  URL.createObjectURL = () => 'blob:shown'
  URL.revokeObjectURL = () => undefined
  vi.stubGlobal('CSS', { escape: (text: string) => text })
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {
        // Nothing changes its size here.
      }
      unobserve() {
        // Nothing changes its size here.
      }
      disconnect() {
        // Nothing changes its size here.
      }
    },
  )
}

export async function openForm({ xml, submission = null, mode = 'both', host = memoryHost() }: Wish): Promise<Opened> {
  const open = {
    draft: 'draft',
    household_name: { zh: '巴特尔', mong: 'ᠪᠠᠭᠠᠲᠤᠷ', cyrl: '' },
    xform: xml,
    submission,
    page: 0,
    attachments: [],
  } as unknown as OpenForm
  const view = mount(FormView, {
    props: { open, mode, host, filler: { device: 'tablet-7', officer: 'officer-3' } },
    attachTo: document.body,
    global: { plugins: [i18n] },
  })
  await until(() => {
    expect(view.find('[data-testid="form-page"], [data-testid="form-failed"]').exists()).toBe(true)
  })
  const newest = () => host.saves.at(-1)?.xml ?? ''
  const find = (testid: string) => document.querySelector<HTMLElement>(`[data-testid="${testid}"]`)
  return {
    view: view as unknown as VueWrapper,
    host,
    newest,
    has: (testid) => find(testid) !== null,
    at: (testid) => {
      const found = find(testid)
      if (found === null) throw new Error(`nothing is marked ${testid}`)
      // Sheets stand outside of what was mounted.
      return new (view.find('*').constructor as new (element: HTMLElement) => DOMWrapper<HTMLElement>)(found)
    },
    kept: (piece) =>
      until(() => {
        if (typeof piece === 'string') expect(newest()).toContain(piece)
        else expect(newest()).toMatch(piece)
      }),
  }
}
