// @vitest-environment jsdom
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { OpenForm } from '@/api/bindings/OpenForm'
import { i18n } from '@/i18n'
import type { DisplayMode } from '@/state/display'
import { memoryHost, type MemoryHost } from '@/testing/form/memoryHost'
import FormView from '../FormView.vue'
import { householdVisit, xform } from './forms'

let page: VueWrapper | null = null

// Long enough for a busy machine; what is waited for usually comes in a few milliseconds.
function until(holds: () => void): Promise<void> {
  return vi.waitFor(holds, { timeout: 15_000, interval: 10 })
}

beforeEach(() => {
  // What the page asks of a browser and jsdom does not have.
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
  Element.prototype.scrollTo = () => undefined
  Element.prototype.scrollIntoView = () => undefined
  URL.createObjectURL = () => 'blob:shown'
  URL.revokeObjectURL = () => undefined
})

afterEach(() => {
  page?.unmount()
  page = null
})

interface Opened {
  xml?: string
  submission?: string | null
  page?: number
  mode?: DisplayMode
  host?: MemoryHost
}

async function openForm({ xml = householdVisit(), submission = null, page: at = 0, mode = 'both', host = memoryHost() }: Opened) {
  const open = {
    draft: 'draft',
    household: 'household',
    household_name: { zh: '巴特尔', mong: 'ᠪᠠᠭᠠᠲᠤᠷ', cyrl: '' },
    form: 'form',
    xform: xml,
    submission,
    page: at,
    attachments: [],
  } as unknown as OpenForm
  const view = mount(FormView, {
    props: { open, mode, host, filler: { device: 'tablet-7', officer: 'officer-3' } },
    attachTo: document.body,
    global: { plugins: [i18n] },
  })
  page = view
  await until(() => {
    expect(view.find('[data-testid="form-page"], [data-testid="form-failed"]').exists()).toBe(true)
  })
  return { view, host, at: (id: string) => view.get(`[data-testid="${id}"]`), has: (id: string) => view.find(`[data-testid="${id}"]`).exists() }
}

function newest(host: MemoryHost): string {
  return host.saves.at(-1)?.xml ?? ''
}

async function saved(host: MemoryHost, piece: string) {
  await until(() => {
    expect(newest(host)).toContain(piece)
  })
}

function instanceId(submission: string): string {
  return /<(?:orx:)?instanceID>([^<]+)</.exec(submission)?.[1] ?? ''
}

const NOTE = xform({ data: '<note/>', binds: '<bind nodeset="/data/note" type="string"/>', body: '<input ref="/data/note"><label>n</label></input>' })

describe('a form on the screen', () => {
  it('shows both languages of a question, each marked as what it is', async () => {
    const { at } = await openForm({})
    const outcome = at('question-outcome')
    expect(outcome.get('h3').text()).toContain('走访结果')
    expect(outcome.get('h3 [lang]').attributes('lang')).toBe('zh-Hans')
    expect(outcome.get('[lang="mn-Mong"]').text()).toContain('ᠠᠶᠢᠯᠴᠢᠯᠠᠯ')
    const choice = at('choice-outcome-nobody_home')
    expect(choice.text()).toContain('家中无人')
    expect(choice.find('[lang="mn-Mong"]').exists()).toBe(true)
  })

  it('shows one language when only one is wanted, and follows a change at once', async () => {
    const { view, at } = await openForm({ mode: 'zh' })
    expect(view.find('[lang="mn-Mong"]').exists()).toBe(false)
    await view.setProps({ mode: 'mn-Mong' })
    expect(at('question-outcome').get('h3 [lang]').attributes('lang')).toBe('mn-Mong')
    expect(at('question-outcome').text()).not.toContain('走访结果')
    await view.setProps({ mode: 'mn-Cyrl' })
    expect(at('question-outcome').get('h3').text()).toContain('走访结果')
  })

  it('asks further questions as soon as they matter', async () => {
    const { at, has } = await openForm({})
    expect(has('question-present_count')).toBe(false)
    await at('choice-outcome-visited').trigger('click')
    expect(has('question-present_count')).toBe(true)
    expect(has('form-step-5')).toBe(true)
  })

  it('says at once what is wrong with an answer, in both languages, and stops saying so', async () => {
    const { at } = await openForm({})
    await at('choice-outcome-visited').trigger('click')
    expect(at('question-present_count').find('[role="alert"]').exists()).toBe(false)
    await at('input-present_count').setValue('700')
    const alert = at('question-present_count').get('[role="alert"]')
    expect(alert.text()).toContain('人数应在 1 到 500 之间')
    expect(alert.get('[lang="mn-Mong"]').text()).not.toBe('')
    await at('input-present_count').setValue('7')
    expect(at('question-present_count').find('[role="alert"]').exists()).toBe(false)
  })

  it('shows a question of an unknown type with its raw type, and lets the form be finished', async () => {
    const { view, at, host } = await openForm({
      xml: xform({
        data: '<when/>',
        binds: '<bind nodeset="/data/when" type="binary"/>',
        body: '<upload ref="/data/when" mediatype="video/*"><label>录像</label></upload>',
      }),
    })
    expect(at('question-when').text()).toContain('video/*')
    await at('form-finish').trigger('click')
    await until(() => {
      expect(host.finished).toHaveLength(1)
    })
    expect(view.emitted('finished')).toHaveLength(1)
  })

  it('says that a form cannot be opened, and why', async () => {
    const { view, has } = await openForm({ xml: '<h:html' })
    expect(has('form-retry')).toBe(true)
    expect(view.get('details').text()).toContain('not XML')
  })
})

describe('keeping a draft', () => {
  it('hands over the whole submission after every answer', async () => {
    const { at, host } = await openForm({})
    await at('choice-outcome-visited').trigger('click')
    await saved(host, '<outcome>visited</outcome>')
    await at('input-present_count').setValue('3')
    await saved(host, '<present_count>3</present_count>')
    await at('form-next').trigger('click')
    await at('choice-topics-law').trigger('click')
    await at('choice-topics-fraud').trigger('click')
    await saved(host, '<topics>fraud law</topics>')
    expect(newest(host)).toContain('<present_count>3</present_count>')
    expect(host.saves.at(-1)?.page).toBe(1)
    expect(new Set(host.saves.map((save) => instanceId(save.xml))).size).toBe(1)
  })

  it('goes on where it was: same instance id, same page, same answers', async () => {
    const first = await openForm({})
    await first.at('choice-outcome-visited').trigger('click')
    await first.at('form-next').trigger('click')
    await first.at('choice-topics-law').trigger('click')
    await saved(first.host, '<topics>law</topics>')
    const kept = first.host.saves.at(-1)
    first.view.unmount()

    const second = await openForm({ submission: kept?.xml ?? '', page: kept?.page ?? 0 })
    expect(second.at('form-page').attributes('data-page')).toBe('1')
    expect(second.at('choice-topics-law').attributes('aria-checked')).toBe('true')
    await second.at('choice-topics-fraud').trigger('click')
    await saved(second.host, 'fraud law')
    expect(instanceId(newest(second.host))).toBe(instanceId(kept?.xml ?? ''))
  })

  it('keeps typed Mongolian byte for byte on its way to the host', async () => {
    const typed = 'ᠭᠠᠷ\u202Fᠤᠨ ᠨᠡᠷ\u180Eᠡ\u180B\u202F'
    const { at, host } = await openForm({ xml: NOTE })
    await at('input-note').setValue(typed)
    await saved(host, typed)
    expect(at('input-note').attributes('lang')).toBe('mn-Mong')
  })

  it('waits for an input method to settle before it takes the text', async () => {
    const { at, host } = await openForm({ xml: NOTE })
    const field = at('input-note')
    await field.trigger('compositionstart')
    await field.setValue('shui')
    ;(field.element as HTMLTextAreaElement).value = '水'
    await field.trigger('compositionend')
    await saved(host, '<note>水</note>')
    expect(host.saves.every((save) => !save.xml.includes('shui'))).toBe(true)
  })

  it('shows that saving failed, goes on trying, and says when it is saved', async () => {
    const { at, host } = await openForm({ xml: NOTE })
    host.failing = true
    await at('input-note').setValue('重要')
    await until(() => {
      expect(at('form-save').attributes('data-state')).toBe('failed')
    })
    host.failing = false
    await saved(host, '重要')
    await until(() => {
      expect(at('form-save').attributes('data-state')).toBe('saved')
    })
  })

  it('does not let go of an unsaved form', async () => {
    const { view, at, host } = await openForm({ xml: NOTE })
    await saved(host, '<note/>')
    host.failing = true
    await at('input-note').setValue('重要')
    await at('form-leave').trigger('click')
    await flushPromises()
    expect(view.emitted('left')).toBeUndefined()
    host.failing = false
    await at('form-leave').trigger('click')
    await until(() => {
      expect(view.emitted('left')).toHaveLength(1)
    })
    expect(newest(host)).toContain('重要')
  })
})

describe('finishing', () => {
  it('lists what is missing, goes there, and finishes once it is there', async () => {
    const { view, at, has, host } = await openForm({})
    await at('choice-outcome-visited').trigger('click')
    await at('form-step-5').trigger('click')
    expect(has('form-missing')).toBe(false)
    await at('form-finish').trigger('click')
    await until(() => {
      expect(has('form-missing')).toBe(true)
    })
    for (const name of ['present_count', 'purpose', 'follow_up', 'signed']) expect(has(`missing-${name}`), name).toBe(true)
    expect(at('form-page').attributes('data-page')).toBe('0')
    expect(at('question-purpose').get('[role="alert"]').text()).toContain('请选择')
    expect(host.finished).toHaveLength(0)

    await at('input-present_count').setValue('2')
    await at('choice-purpose-visit').trigger('click')
    await at('missing-follow_up').trigger('click')
    await flushPromises()
    await at('choice-follow_up-no').trigger('click')
    await at('missing-signed').trigger('click')
    await flushPromises()
    await at('choice-signed-declined').trigger('click')
    expect(has('form-missing')).toBe(false)
    await at('form-finish').trigger('click')
    await until(() => {
      expect(view.emitted('finished')).toHaveLength(1)
    })
    expect(host.finished[0]).toContain('<signed>declined</signed>')
    expect(host.finished[0]).toMatch(/<ended>[^<]+<\/ended>/)
  })

  it('a visit that was declined needs nothing else', async () => {
    const { at, host } = await openForm({})
    await at('choice-outcome-declined').trigger('click')
    await at('form-finish').trigger('click')
    await until(() => {
      expect(host.finished).toHaveLength(1)
    })
  })

  it('that fails says so and can be tried again', async () => {
    const { view, at, host } = await openForm({ xml: NOTE })
    await saved(host, '<note/>')
    vi.spyOn(host, 'finish').mockRejectedValueOnce(new Error('no'))
    await at('form-finish').trigger('click')
    await until(() => {
      expect(view.text()).toContain('没有完成')
    })
    await at('form-finish').trigger('click')
    await until(() => {
      expect(view.emitted('finished')).toHaveLength(1)
    })
  })
})

describe('what a visit may bring along', () => {
  async function atProof(host = memoryHost()) {
    const opened = await openForm({ host })
    await opened.at('choice-outcome-visited').trigger('click')
    await opened.at('form-step-4').trigger('click')
    return opened
  }

  async function choosePhoto(at: (id: string) => { element: Element; trigger: (name: string) => Promise<void> }) {
    const field = at('input-photo')
    const file = new File(['picture'], 'IMG_1.jpg', { type: 'image/jpeg' })
    Object.defineProperty(field.element, 'files', { value: [file], configurable: true })
    await field.trigger('change')
  }

  it('a photo goes to the host first and then into the answers, and can be removed', async () => {
    const { at, has, host } = await atProof()
    await choosePhoto(at)
    await saved(host, '.jpg</photo>')
    const [name] = [...host.files.keys()]
    expect(newest(host)).toContain(`<photo>${name ?? '?'}</photo>`)
    await until(() => {
      expect(has('value-photo')).toBe(true)
    })
    await at('remove-photo').trigger('click')
    await saved(host, '<photo/>')
  })

  it('a photo that could not be kept is shown as such and offered again, and finishing waits for it', async () => {
    const { view, at, host } = await atProof()
    host.failing = true
    await choosePhoto(at)
    await until(() => {
      expect(at('question-photo').find('[role="alert"]').exists()).toBe(true)
    })
    await at('form-step-5').trigger('click')
    await at('form-finish').trigger('click')
    await flushPromises()
    expect(view.emitted('finished')).toBeUndefined()
    host.failing = false
    await saved(host, '.jpg</photo>')
  })

  it('a position is taken when there is one', async () => {
    const host = memoryHost()
    host.fix = { lat: 39.1, lon: 107.9, altitude_m: null, accuracy_m: 6 }
    const { at } = await atProof(host)
    await at('input-position').trigger('click')
    await saved(host, '<position>39.1 107.9 0.0 6.0</position>')
    expect(at('value-position').text()).toContain('39.10000')
  })

  it('no position is said to be none, never zero, and stops nobody', async () => {
    const { at, has, host } = await atProof()
    await at('input-position').trigger('click')
    await until(() => {
      expect(has('none-position')).toBe(true)
    })
    await at('form-next').trigger('click')
    await saved(host, '<position/>')
  })

  it('a day is chosen from the calendar, and a past one is complained about', async () => {
    const { at, host } = await openForm({})
    await at('choice-outcome-visited').trigger('click')
    await at('form-step-3').trigger('click')
    await at('choice-follow_up-yes').trigger('click')
    await at('input-follow_up_by').trigger('click')
    const days = () => at('question-follow_up_by').findAll('[data-testid^="day-follow_up_by-"]')
    expect(days().length).toBeGreaterThanOrEqual(28)
    await at('question-follow_up_by').get('.turn').trigger('click')
    await days()[0]?.trigger('click')
    expect(at('question-follow_up_by').get('[role="alert"]').text()).toContain('日期不能早于今天')
    await at('input-follow_up_by').trigger('click')
    await at('question-follow_up_by').findAll('.turn')[1]?.trigger('click')
    await at('question-follow_up_by').findAll('.turn')[1]?.trigger('click')
    const next = days()[0]
    const day = next?.attributes('data-testid')?.replace('day-follow_up_by-', '') ?? ''
    await next?.trigger('click')
    await saved(host, `<follow_up_by>${day}</follow_up_by>`)
    expect(at('question-follow_up_by').find('[role="alert"]').exists()).toBe(false)
  })
})
