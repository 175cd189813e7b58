// A page to look at a form with, outside of the tablet: `?mode=both&form=patrol&page=1`. Any form of the pack by its id,
// `everything`, or `broken`; a submission to go on with may lie in the session's storage. Not part of the program.
import { createApp, h, reactive } from 'vue'

import type { OpenForm } from '@/api/bindings/OpenForm'
import FormView from '@/form/FormView.vue'
import type { Mode } from '@/form/texts'
import { i18n } from '@/i18n'
import '@/style/fonts.css'
import '@/style/tokens.css'
import '@/style/base.css'
import everything from './everything.xml?raw'
import { listAt } from './lists'
import { memoryHost } from './memoryHost'

const pack = import.meta.glob<string>('../../../../packs/anmulong/forms/*.xml', { query: '?raw', import: 'default', eager: true })
const forms: Record<string, string> = { everything, broken: '<h:html>' }
for (const [path, xform] of Object.entries(pack)) forms[path.replace(/^.*\/|\.xml$/g, '')] = xform

const asked = new URLSearchParams(location.search)
const shown = reactive({ mode: (asked.get('mode') ?? 'both') as Mode })
const form = asked.get('form') ?? 'household_visit'
const host = Object.assign(memoryHost(), { resource: (url: string) => Promise.resolve(listAt(url)) })
if (asked.has('fix')) host.fix = { lat: 39.11423, lon: 107.98211, altitude_m: 1320, accuracy_m: 4.2 }

const open = {
  draft: 'draft-1',
  household: 'household-1',
  household_name: { zh: '巴特尔', mong: 'ᠪᠠᠭᠠᠲᠤᠷ', cyrl: 'Баатар' },
  form,
  xform: forms[form] ?? forms['household_visit'],
  submission: sessionStorage.getItem(`submission-${form}`),
  page: Number(asked.get('page') ?? 0),
  attachments: [],
} as unknown as OpenForm

document.documentElement.toggleAttribute('data-vertical', shown.mode === 'mn-Mong')
// For journeys that look at what arrived.
Object.assign(window, { host, shown })

createApp(() =>
  h(FormView, {
    open,
    mode: shown.mode,
    host,
    onFinished: () => (document.title = 'finished'),
    onLeft: () => (document.title = 'left'),
  }),
)
  .use(i18n)
  .mount('#app')
