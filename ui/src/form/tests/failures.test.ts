// @vitest-environment jsdom
import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { OpenForm } from '@/api/bindings/OpenForm'
import { i18n } from '@/i18n'
import { memoryHost } from '@/testing/form/memoryHost'
import FormView from '../FormView.vue'
import { xform } from './forms'
import { likeABrowser } from './opened'

vi.mock('../questions/DateAnswer.vue', () => ({
  default: {
    props: ['question'],
    setup() {
      throw new Error('planted')
    },
  },
}))

const FORM = xform({
  data: '<day/><note/>',
  binds: '<bind nodeset="/data/day" type="date"/><bind nodeset="/data/note" type="string"/>',
  body: '<input ref="/data/day"><label>d</label></input><input ref="/data/note"><label>n</label></input>',
})

function openForm() {
  const open = { draft: 'd', household_name: { zh: '巴特尔' }, xform: FORM, submission: null, page: 0, attachments: [] }
  return mount(FormView, {
    props: { open: open as unknown as OpenForm, mode: 'both', host: memoryHost(), filler: { device: '', officer: '' } },
    global: { plugins: [i18n], config: { warnHandler: () => undefined } },
  })
}

beforeEach(likeABrowser)
afterEach(() => {
  vi.doUnmock('../engine')
  vi.resetModules()
  vi.useRealTimers()
})

describe('when something breaks', () => {
  it('one question that cannot be drawn leaves the others usable', async () => {
    const view = openForm()
    await vi.waitFor(
      () => {
        expect(view.find('[data-testid="question-day"]').text()).toContain('这个问题显示不出来')
      },
      { timeout: 15_000 },
    )
    expect(view.find('[data-testid="input-note"]').exists()).toBe(true)
    view.unmount()
  })

  it('an engine that never starts is shown as a form that cannot be opened', async () => {
    vi.doMock('../engine', () => new Promise(() => undefined))
    vi.useFakeTimers()
    const view = openForm()
    expect(view.find('[data-testid="form-failed"]').exists()).toBe(false)
    await vi.advanceTimersByTimeAsync(15_000)
    expect(view.find('[data-testid="form-failed"]').text()).toContain('WebAssembly')
    view.unmount()
  })
})
