// Where the tablet stands: new, locked or open, and who is at work. Pages put here what the core answered.
import { shallowRef } from 'vue'

import type { Phase } from '@/api/bindings/Phase'
import type { Refusal } from '@/api/bindings/Refusal'
import type { TabletState } from '@/api/bindings/TabletState'

/** `null` until the core has answered for the first time. */
export const tablet = shallowRef<TabletState | null>(null)

/** A refusal may tell that the core locked itself, or forgot its station, while a page was open. */
export function heed(refusal: Refusal): void {
  // A new tablet's core is not open either: a page that asked too early must not hide how it is enrolled.
  if (refusal.code === 'locked' && tablet.value?.phase === 'open') moveTo('locked')
  if (refusal.code === 'not_enrolled') moveTo('new')
}

function moveTo(phase: Phase): void {
  if (tablet.value !== null) tablet.value = { ...tablet.value, phase, officer: null }
}
