// A page to look at a form with, outside of the tablet: `?mode=both&form=patrol&page=1`. Any form of the pack by its id,
// `everything`, or `broken`; a submission to go on with may lie in the session's storage. Not part of the program.
import { createApp, h, shallowRef } from 'vue'

import type { OpenForm } from '@/api/bindings/OpenForm'
import FormView from '@/form/FormView.vue'
import { i18n } from '@/i18n'
import { displayMode, followDisplayMode, showIn } from '@/state/display'
import type { DisplayMode } from '@/state/display'
import '@/style/fonts.css'
import '@/style/tokens.css'
import '@/style/base.css'
import everything from './everything.xml?raw'
import { listAt } from './lists'
import { longForm } from './longForm'
import { memoryHost } from './memoryHost'
import { RESOURCES } from './resources'

const pack = import.meta.glob<string>('../../../../packs/anmulong/forms/*.xml', { query: '?raw', import: 'default', eager: true })
const forms: Record<string, string> = { everything, broken: '<h:html>' }
for (const [path, xform] of Object.entries(pack)) forms[path.replace(/^.*\/|\.xml$/g, '')] = xform

const asked = new URLSearchParams(location.search)
const host = memoryHost()
if (asked.has('fix')) host.fix = { lat: 39.11423, lon: 107.98211, altitude_m: 1320, accuracy_m: 4.2 }
for (const name of ['context', 'household', 'person', 'case', 'task']) {
  const url = `jr://file-csv/${name}.csv`
  const list = listAt(url)
  if (list !== null) host.resources.set(url, list)
}
for (const [url, bytes] of RESOURCES) host.resources.set(url, bytes)

const form = asked.get('form') ?? 'household_visit'
forms['long'] = longForm(Number(asked.get('questions') ?? 500), Number(asked.get('instances') ?? 200))

const open = shallowRef(opened(null, Number(asked.get('page') ?? 0)))

function opened(submission: string | null, page: number): OpenForm {
  return {
    draft: `draft-${Math.random()}`,
    household: 'household-1',
    household_name: { zh: '巴特尔', mong: 'ᠪᠠᠭᠠᠲᠤᠷ', cyrl: 'Баатар' },
    form,
    xform: forms[form] ?? forms['household_visit'],
    submission,
    page,
    attachments: [],
  } as unknown as OpenForm
}

showIn((asked.get('mode') ?? 'both') as DisplayMode)
followDisplayMode(document.documentElement)

// For journeys that look at what arrived, change the language, or come back to the draft.
const gallery = {
  host,
  show: (mode: DisplayMode) => {
    showIn(mode)
  },
  resume: () => {
    const kept = host.saves.at(-1)
    open.value = opened(kept?.xml ?? null, kept?.page ?? 0)
  },
}
declare global {
  interface Window {
    gallery: typeof gallery
  }
}
window.gallery = gallery

createApp(() =>
  h(FormView, {
    open: open.value,
    mode: displayMode.value,
    host,
    filler: { device: 'tablet-7', officer: 'officer-3' },
    onFinished: () => (document.title = 'finished'),
    onLeft: () => (document.title = 'left'),
  }),
)
  .use(i18n)
  .mount('#app')
