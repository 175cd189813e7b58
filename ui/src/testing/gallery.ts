// The interface on a tablet in memory, to be looked at: `/src/testing/gallery.html?scene=…&mode=…#/today`.
// Served by the dev server only.
import xform from '../../../packs/anmulong/forms/household_visit.xml?raw'

import { showIn } from '@/state/display'
import type { DisplayMode } from '@/state/display'
import { scene } from './scenes'
import { loopbackOf } from './tablet'

const wish = new URLSearchParams(window.location.search)
const loopback = loopbackOf(scene(wish.get('scene') ?? 'day', xform))
const network = window.fetch.bind(window)

window.fetch = (input, init) =>
  typeof input === 'string' && input.startsWith('/call/') ? loopback(input, init) : network(input, init)
const mode = wish.get('mode')
if (mode !== null) showIn(mode as DisplayMode)

await import('@/main')

// For the journey that passes no address by.
const { ROUTES } = await import('@/router')
declare global {
  interface Window {
    addresses: string[]
  }
}
window.addresses = ROUTES.flatMap(({ path, redirect }) => (redirect === undefined ? [path] : []))
