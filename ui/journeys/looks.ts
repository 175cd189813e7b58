// Where every scene of the gallery is looked at: on the pages that it changes.
import type { SceneName } from '@/testing/scenes'

export interface Look {
  readonly at: string
  /** The mark of what must then be on the page. */
  readonly shows: string
  /** What is pressed first, one after the other. */
  readonly press?: readonly string[]
}

const at = (address: string, shows: string, ...press: string[]): Look => ({ at: address, shows, ...(press.length > 0 && { press }) })

const DIGITS = [1, 2, 3, 4, 5, 6].map((digit) => `pin-key-${digit}`)

export const LOOKS: Readonly<Record<SceneName, readonly Look[]>> = {
  day: [
    at('today', 'today-task'),
    at('today', 'sheet', 'nav-display'),
    at('households', 'household-line'),
    at('households/household-1', 'household-past'),
    at('households/household-1', 'sheet', 'household-forms'),
    at('households/household-1', 'phone-input', 'phone-edit'),
    at('households/household-1/visit', 'form-step-0'),
    at('drafts/draft-1', 'form-step-0'),
    at('forms/patrol/area/area-1', 'form-step-0'),
    at('cases', 'case-line'),
    at('cases/case-1', 'case-title'),
    at('cases/case-1', 'sheet', 'case-forms'),
    at('visits/visit-1', 'visit-picture'),
    at('visits/activity-1', 'visit-sealed'),
    at('visits/activity-1', 'sheet', 'visit-add'),
    at('visits/visit-1/amend', 'form-step-0'),
    at('visits/visit-1/print', 'print-preview'),
    at('visits/visit-1/print', 'print-preview', 'print-form', 'print-roll'),
    at('records/household-3/history', 'history-entry'),
    at('sync', 'receipt'),
    at('bundles', 'bundle-line'),
    at('bundles', 'bundle-exported', 'bundle-export'),
    at('nearby', 'nearby-give'),
    at('conflicts', 'conflict-line'),
    at('conflicts/household-3', 'conflict-field'),
    at('refused', 'refused-line'),
    at('refused/revision-100', 'refused-correct-page'),
    at('receipts', 'receipt-line'),
    at('receipts/receipt-1', 'receipt-paper'),
  ],
  new: [at('enrol', 'enrol-invite'), at('enrol', 'sheet', 'nav-display')],
  locked: [at('lock', 'pin-pad')],
  delayed: [at('lock', 'lock-delay')],
  'wrong-pin': [at('lock', 'refusal', ...DIGITS, 'pin-done')],
  gone: [at('gone', 'gone-progress')],
  'gone-pin': [at('gone', 'pin-pad')],
  'gone-erased': [at('gone', 'gone-sentence')],
  broken: [at('today', 'refusal')],
  empty: [
    at('today', 'today'),
    at('households', 'empty'),
    at('households/household-2', 'household'),
    at('cases', 'empty'),
    at('visits/visit-1', 'visit'),
    at('records/household-3/history', 'history-entry'),
    at('sync', 'sync'),
    at('bundles', 'bundles'),
    at('conflicts', 'empty'),
    at('conflicts/household-3', 'conflict'),
    at('refused', 'empty'),
    at('receipts', 'empty'),
  ],
  long: [
    at('today', 'today-task'),
    at('households/household-11', 'household-conflict'),
    at('visits/visit-1', 'visit'),
    at('sync', 'sync'),
    at('nearby', 'nearby-found'),
    at('conflicts', 'conflict-line'),
    at('refused', 'refused-line'),
  ],
  crowd: [at('conflicts/person-5', 'conflict-field')],
  discarded: [at('refused', 'refused')],
  error: [
    at('today', 'refusal'),
    at('households', 'refusal'),
    at('households/household-1', 'refusal'),
    at('households/household-1/visit', 'refusal'),
    at('visits/visit-1', 'refusal'),
    at('records/household-3/history', 'refusal'),
    at('sync', 'refusal'),
    at('bundles', 'bundles'),
    at('nearby', 'refusal'),
    at('conflicts', 'refusal'),
    at('conflicts/household-3', 'refusal'),
    at('refused', 'refusal'),
    at('receipts', 'refusal'),
    at('receipts/receipt-1', 'refusal'),
  ],
  differs: [at('sync', 'difference'), at('nearby', 'nearby-ended')],
  mended: [at('sync', 'difference'), at('nearby', 'nearby-moving')],
  comparing: [at('nearby', 'nearby-code')],
  waiting: [at('nearby', 'nearby-waiting')],
  running: [at('sync', 'sync-progress')],
  sent: [at('sync', 'sync-state')],
  verified: [at('sync', 'sync-state')],
}
