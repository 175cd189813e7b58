// Which address shows which page. Hash addresses, because the tablet's window has no server behind it.
import { createRouter, createWebHashHistory } from 'vue-router'
import type { Router, RouteRecordRaw } from 'vue-router'

import type { Phase } from '@/api/bindings/Phase'
import BundlesPage from '@/pages/BundlesPage.vue'
import CasePage from '@/pages/CasePage.vue'
import CasesPage from '@/pages/CasesPage.vue'
import ConflictPage from '@/pages/ConflictPage.vue'
import ConflictsPage from '@/pages/ConflictsPage.vue'
import EnrolPage from '@/pages/EnrolPage.vue'
import FormPage from '@/pages/FormPage.vue'
import GonePage from '@/pages/GonePage.vue'
import HistoryPage from '@/pages/HistoryPage.vue'
import HouseholdPage from '@/pages/HouseholdPage.vue'
import HouseholdsPage from '@/pages/HouseholdsPage.vue'
import LockPage from '@/pages/LockPage.vue'
import NearbyPage from '@/pages/NearbyPage.vue'
import PrintPage from '@/pages/PrintPage.vue'
import ReceiptPage from '@/pages/ReceiptPage.vue'
import ReceiptsPage from '@/pages/ReceiptsPage.vue'
import RefusedCorrectPage from '@/pages/RefusedCorrectPage.vue'
import RefusedPage from '@/pages/RefusedPage.vue'
import SyncPage from '@/pages/SyncPage.vue'
import TodayPage from '@/pages/TodayPage.vue'
import VisitPage from '@/pages/VisitPage.vue'

declare module 'vue-router' {
  interface RouteMeta {
    /** The whole window belongs to the page: no way out of it by a slip of the thumb. */
    alone?: boolean
    /** The main page it belongs to, for the bar. */
    under?: 'today' | 'households' | 'sync'
  }
}

export const ROUTES: readonly RouteRecordRaw[] = [
  { path: '/', redirect: { name: 'today' } },
  { path: '/enrol', name: 'enrol', component: EnrolPage, meta: { alone: true } },
  { path: '/lock', name: 'lock', component: LockPage, meta: { alone: true } },
  { path: '/gone', name: 'gone', component: GonePage, meta: { alone: true } },
  { path: '/today', name: 'today', component: TodayPage, meta: { under: 'today' } },
  { path: '/households', name: 'households', component: HouseholdsPage, meta: { under: 'households' } },
  {
    path: '/households/:id',
    name: 'household',
    component: HouseholdPage,
    props: true,
    meta: { under: 'households' },
  },
  {
    path: '/households/:id/visit',
    name: 'new-visit',
    component: FormPage,
    props: (route) => ({ household: route.params.id }),
    meta: { alone: true },
  },
  {
    path: '/drafts/:id',
    name: 'draft',
    component: FormPage,
    props: (route) => ({ draft: route.params.id }),
    meta: { alone: true },
  },
  {
    path: '/forms/:form/:about/:id',
    name: 'new-form',
    component: FormPage,
    props: (route) => ({ which: route.params.form, [route.params.about as string]: route.params.id }),
    meta: { alone: true },
  },
  {
    path: '/visits/:id/amend',
    name: 'amend',
    component: FormPage,
    props: (route) => ({ amends: route.params.id }),
    meta: { alone: true },
  },
  { path: '/visits/:id/print', name: 'print', component: PrintPage, props: true, meta: { alone: true } },
  { path: '/cases', name: 'cases', component: CasesPage, meta: { under: 'today' } },
  { path: '/cases/:id', name: 'case', component: CasePage, props: true, meta: { under: 'today' } },
  { path: '/visits/:id', name: 'visit', component: VisitPage, props: true, meta: { under: 'households' } },
  {
    path: '/records/:id/history',
    name: 'history',
    component: HistoryPage,
    props: true,
    meta: { under: 'households' },
  },
  { path: '/sync', name: 'sync', component: SyncPage, meta: { under: 'sync' } },
  { path: '/bundles', name: 'bundles', component: BundlesPage, meta: { under: 'sync' } },
  { path: '/nearby', name: 'nearby', component: NearbyPage, meta: { under: 'sync' } },
  { path: '/conflicts', name: 'conflicts', component: ConflictsPage, meta: { under: 'sync' } },
  { path: '/conflicts/:id', name: 'conflict', component: ConflictPage, props: true, meta: { under: 'sync' } },
  { path: '/refused', name: 'refused', component: RefusedPage, meta: { under: 'sync' } },
  {
    path: '/refused/:id',
    name: 'refused-correct',
    component: RefusedCorrectPage,
    props: true,
    meta: { under: 'sync' },
  },
  { path: '/receipts', name: 'receipts', component: ReceiptsPage, meta: { under: 'sync' } },
  { path: '/receipts/:id', name: 'receipt', component: ReceiptPage, props: true, meta: { under: 'sync' } },
  { path: '/:rest(.*)*', redirect: { name: 'today' } },
]

export function tabletRouter(): Router {
  return createRouter({ history: createWebHashHistory(), routes: ROUTES })
}

/** The page that a phase forces; `null` if any page of work may be shown. */
export function gateOf(phase: Phase): 'enrol' | 'lock' | 'gone' | null {
  switch (phase) {
    case 'new':
      return 'enrol'
    case 'locked':
      return 'lock'
    case 'shut_out':
      return 'gone'
    case 'open':
      return null
  }
}
