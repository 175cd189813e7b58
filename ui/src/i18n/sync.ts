// What the state of a sync is called: waiting, sent and verified are three different things.
import type { Difference } from '@/api/bindings/Difference'
import type { ReceiptView } from '@/api/bindings/ReceiptView'
import type { SyncStatus } from '@/api/bindings/SyncStatus'
import type { Waiting } from '@/api/bindings/Waiting'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import { momentText, sizeText } from './time'

export type Standing = 'waiting' | 'never' | 'sent' | 'refused' | 'verified'

/** Only a genuine receipt that still covers everything makes something verified; nothing that was refused is at the station. */
export function standingOf(status: Pick<SyncStatus, 'waiting' | 'receipt' | 'covered'>): Standing {
  if (status.waiting.revisions > 0 || status.waiting.blobs > 0) return 'waiting'
  if (status.receipt === null || !status.receipt.genuine) return 'never'
  if (!status.covered) return 'sent'
  return status.waiting.refused > 0 ? 'refused' : 'verified'
}

/** What a receipt says, in one sentence. */
export function receiptSentence(receipt: ReceiptView, tongue: Locale = locale.value): string {
  return t('sync.receiptSentence', {
    time: momentText(receipt.at, tongue),
    stored: receipt.own_stored,
    total: receipt.own_total,
    blobs: receipt.blobs_stored,
    blobsTotal: receipt.blobs_total,
  }, tongue)
}

/** That tablet and station were found to differ, and when. */
export function differsAt(difference: Difference, tongue: Locale = locale.value): string {
  return t('sync.differs', { time: momentText(difference.at, tongue) }, tongue)
}

/** What was lacking where, and what became of it. */
export function differenceWords(difference: Difference, tongue: Locale = locale.value): string[] {
  const settled = difference.settled_by !== null
  const { fetched, returned, photos } = difference
  const words: string[] = []
  if (fetched > 0) words.push(t('sync.differsFetched', { n: fetched }, tongue))
  if (returned > 0) {
    words.push(t(settled ? 'sync.differsReturned' : 'sync.differsReturning', { n: returned }, tongue))
  }
  if (photos > 0) {
    words.push(t(settled ? 'sync.differsPhotos' : 'sync.differsPhotosWait', { n: photos }, tongue))
  }
  if (words.length === 0) words.push(t(settled ? 'sync.differsSame' : 'sync.differsNothing', {}, tongue))
  return words
}

/** Whether a receipt says that both hold the same again. */
export function settledWords(difference: Difference, tongue: Locale = locale.value): string {
  return difference.settled_at === null
    ? t('sync.differsOpen', {}, tongue)
    : t('sync.differsSettled', { time: momentText(difference.settled_at, tongue) }, tongue)
}

/** What waits, in words; empty if nothing does. */
export function waitingWords(waiting: Waiting, tongue: Locale = locale.value): string[] {
  const words: string[] = []
  if (waiting.records > 0) words.push(t('waiting.records', { n: waiting.records }, tongue))
  if (waiting.blobs > 0) {
    words.push(t('waiting.blobs', { n: waiting.blobs, size: sizeText(waiting.blob_bytes) }, tongue))
  }
  return words
}
