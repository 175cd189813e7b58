import { flushPromises } from '@vue/test-utils'
import { expect, test, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { PropType } from 'vue'

import type { FormHost } from '@/form/host'
import { notice } from '@/state/notice'
import { tablet } from '@/state/tablet'
import { mountPage, settled } from '@/testing/mount'
import { refuse, state } from '@/testing/tablet'
import type { Replies } from '@/testing/tablet'
import FormPage from './FormPage.vue'

// The form itself is tested where it is drawn; here it is only what it asks of its page.
const form = vi.hoisted(() => ({
  host: undefined as FormHost | undefined,
  emit: undefined as ((event: 'finished' | 'left') => void) | undefined,
  fails: false,
}))
vi.mock('@/form/FormView.vue', () => ({
  __esModule: true,
  default: defineComponent({
    props: { open: { type: Object, required: true }, mode: { type: String, required: true }, host: { type: Object as PropType<FormHost>, required: true } },
    emits: ['finished', 'left'],
    setup(props, { emit }) {
      if (form.fails) throw new Error('The engine did not load')
      form.host = props.host
      form.emit = emit
      return () => h('div')
    },
  }),
}))

function host(): FormHost {
  if (form.host === undefined) throw new Error('The form was not drawn')
  return form.host
}

async function opened(...args: [answers?: Partial<Replies>, props?: Record<string, unknown>]) {
  const page = await mountPage(FormPage, args[0] ?? {}, args[1] ?? { household: 'household-1' })
  await vi.dynamicImportSettled()
  await settled()
  return page
}

test('a household begins a form, a draft goes on with its own', async () => {
  const begun = await opened()
  expect(begun.asked('begin_form')).toEqual([{ household: 'household-1', form: 'household_visit' }])
  const resumed = await opened({}, { draft: 'draft-7' })
  expect(resumed.asked('open_draft')).toEqual([{ id: 'draft-7' }])
  expect(resumed.asked('begin_form')).toEqual([])
})

test('answers, files and the finished form go to the draft', async () => {
  const page = await opened()
  await host().save('<data/>', 2)
  await host().attach('photo.jpg', 'image/jpeg', new Blob([new Uint8Array([1, 2, 3])]))
  await host().finish('<data>1</data>')
  expect(page.asked('save_draft')).toEqual([{ id: 'draft-1', submission: '<data/>', page: 2 }])
  expect(page.asked('attach')).toEqual([
    { id: 'draft-1', name: 'photo.jpg', media_type: 'image/jpeg', bytes_base64: 'AQID' },
  ])
  expect(page.asked('finish_form')).toEqual([{ id: 'draft-1', submission: '<data>1</data>' }])
})

test('a finished visit leads back to the household and says what it made', async () => {
  const page = await opened()
  await host().finish('<data/>')
  form.emit?.('finished')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/households/household-1')
  expect(notice.value?.('zh-Hans')).toContain('后续跟进已列入')
})

test('leaving says nothing, because nothing was finished', async () => {
  const page = await opened()
  form.emit?.('left')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/households/household-1')
  expect(notice.value).toBeNull()
})

test('a refused save reaches the form, and a locked core leads to the lock', async () => {
  tablet.value = state('open')
  await opened({ save_draft: () => refuse('locked') })
  await expect(host().save('<data/>', 0)).rejects.toThrow('locked')
  expect(tablet.value.phase).toBe('locked')
})

test('a form that cannot be drawn says so instead of staying blank', async () => {
  form.fails = true
  const page = await opened()
  await flushPromises()
  form.fails = false
  expect(page.at('empty').text()).toContain('表格打不开')
  await page.at('form-failed-back').trigger('click')
  await settled()
  expect(page.router.currentRoute.value.fullPath).toBe('/households/household-1')
})

test('a finished form is changed with a reason; without one it stays open', async () => {
  const page = await opened({}, { amends: 'visit-1' })
  expect(page.asked('amend_form')).toEqual([{ id: 'visit-1' }])
  const put = (text: string) => {
    const field = document.querySelector<HTMLTextAreaElement>('[data-testid="write-text"]')
    if (field !== null) field.value = text
    field?.dispatchEvent(new Event('input'))
  }
  const first = host().finish('<data/>')
  await settled()
  document.querySelector<HTMLButtonElement>('[data-testid="write-cancel"]')?.click()
  await settled()
  expect(await first).toBe(false)
  expect(page.asked('finish_form')).toEqual([])

  const second = host().finish('<data/>')
  await settled()
  put(' 写错了人数 ')
  await settled()
  document.querySelector<HTMLButtonElement>('[data-testid="write-done"]')?.click()
  expect(await second).toBe(true)
  expect(page.asked('finish_form')).toEqual([{ id: 'draft-1', submission: '<data/>', because: '写错了人数' }])
})

test('a form about a case or an area is begun about it, and what it reads comes from the tablet', async () => {
  const page = await opened(
    { form_resource: ({ url }) => (url.endsWith('case.csv') ? { media_type: 'text/csv', bytes_base64: 'bmFtZQ==' } : null) },
    { which: 'mediation_session', case: 'case-1' },
  )
  expect(page.asked('begin_form')).toEqual([{ case: 'case-1', form: 'mediation_session' }])
  expect((await host().resource('jr://file-csv/case.csv'))?.size).toBe(4)
  expect(await host().resource('jr://images/none.png')).toBeNull()
})
