// Mounts a page as the tablet shows it: with its router, its words and a tablet in memory behind `fetch`.
import { flushPromises, mount } from '@vue/test-utils'
import type { DOMWrapper, VueWrapper } from '@vue/test-utils'
import { vi } from 'vitest'
import type { Component } from 'vue'
import type { Router } from 'vue-router'

import type { CommandName } from '@/api'
import { i18n } from '@/i18n'
import { tabletRouter } from '@/router'
import { loopbackOf, replies } from './tablet'
import type { Asked, Replies } from './tablet'

export interface Mounted {
  page: VueWrapper
  router: Router
  /** The element that carries this mark for tests; fails if there is none. */
  at: (testid: string) => Omit<DOMWrapper<Element>, 'exists'>
  all: (testid: string) => DOMWrapper<Element>[]
  has: (testid: string) => boolean
  /** The requests of one command, in order. */
  asked: (name: CommandName) => unknown[]
}

/** Mounts and waits until everything asked at the start is answered. */
export async function mountPage(
  component: Component,
  answers: Partial<Replies> = {},
  props: Record<string, unknown> = {},
): Promise<Mounted> {
  const asked: Asked = []
  vi.stubGlobal('fetch', loopbackOf({ ...replies(), ...answers }, asked))
  const router = tabletRouter()
  // A component of any kind has no more exact type than this.
  const page = mount(component, {
    props,
    attachTo: document.body,
    global: { plugins: [i18n, router] },
  }) as VueWrapper
  await settled()
  return {
    page,
    router,
    at: (testid) => page.get(`[data-testid="${testid}"]`),
    all: (testid) => page.findAll(`[data-testid="${testid}"]`),
    has: (testid) => page.find(`[data-testid="${testid}"]`).exists(),
    asked: (name) => asked.filter((each) => each.name === name).map((each) => each.request),
  }
}

/** Waits until every answer that is under way has been shown. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await flushPromises()
}
