// A page to look at a form with, outside of the tablet: `?mode=both&form=visit`. Not part of the program.
import { createApp, h, shallowRef } from 'vue'

import type { OpenForm } from '@/api/bindings/OpenForm'
import FormView from '@/form/FormView.vue'
import { i18n } from '@/i18n'
import { displayMode, followDisplayMode, showIn } from '@/state/display'
import type { DisplayMode } from '@/state/display'
import '@/style/fonts.css'
import '@/style/tokens.css'
import '@/style/base.css'
import visit from '../../../../packs/anmulong/forms/household_visit.xml?raw'
import everything from './everything.xml?raw'
import { longForm } from './longForm'
import { memoryHost } from './memoryHost'
import { RESOURCES } from './resources'

const asked = new URLSearchParams(location.search)
const host = memoryHost()
if (asked.has('fix')) host.fix = { lat: 39.11423, lon: 107.98211, altitude_m: 1320, accuracy_m: 4.2 }
for (const [url, bytes] of RESOURCES) host.resources.set(url, bytes)

const FORMS: Record<string, () => string> = {
  visit: () => visit,
  everything: () => everything,
  long: () => longForm(Number(asked.get('questions') ?? 500), Number(asked.get('instances') ?? 200)),
  broken: () => '<h:html>',
}

const open = shallowRef(opened(null, Number(asked.get('page') ?? 0)))

function opened(submission: string | null, page: number): OpenForm {
  return {
    draft: `draft-${Math.random()}`,
    household: 'household-1',
    household_name: { zh: '巴特尔', mong: 'ᠪᠠᠭᠠᠲᠤᠷ', cyrl: 'Баатар' },
    form: 'household_visit',
    xform: FORMS[asked.get('form') ?? 'visit']?.() ?? visit,
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
