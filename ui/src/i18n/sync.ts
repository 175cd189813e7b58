// What the state of a sync is called: waiting, sent and verified are three different things.
import type { Difference } from '@/api/bindings/Difference'
import type { ReceiptView } from '@/api/bindings/ReceiptView'
import type { SyncStatus } from '@/api/bindings/SyncStatus'
import type { Waiting } from '@/api/bindings/Waiting'
import { t } from '.'
import { figure, momentText, sizeText } from './time'

export type Standing = 'waiting' | 'never' | 'sent' | 'refused' | 'verified'

/** Only a genuine receipt that still covers everything makes something verified; nothing that was refused is at the station. */
export function standingOf(status: Pick<SyncStatus, 'waiting' | 'receipt' | 'covered'>): Standing {
  if (status.waiting.revisions > 0 || status.waiting.blobs > 0) return 'waiting'
  if (status.receipt === null || !status.receipt.genuine) return 'never'
  if (!status.covered) return 'sent'
  return status.waiting.refused > 0 ? 'refused' : 'verified'
}

/** What a receipt says, in one sentence. */
export function receiptSentence(receipt: ReceiptView): string {
  return t('sync.receiptSentence', {
    time: momentText(receipt.at),
    stored: figure(receipt.own_stored),
    total: figure(receipt.own_total),
    blobs: figure(receipt.blobs_stored),
    blobsTotal: figure(receipt.blobs_total),
  })
}

/** That tablet and station were found to differ, and when. */
export function differsAt(difference: Difference): string {
  return t('sync.differs', { time: momentText(difference.at) })
}

/** What was lacking where, and what became of it. */
export function differenceWords(difference: Difference): string[] {
  const settled = difference.settled_by !== null
  const { fetched, returned, photos } = difference
  const words: string[] = []
  if (fetched > 0) words.push(t('sync.differsFetched', { n: figure(fetched) }))
  if (returned > 0) {
    words.push(t(settled ? 'sync.differsReturned' : 'sync.differsReturning', { n: figure(returned) }))
  }
  if (photos > 0) {
    words.push(t(settled ? 'sync.differsPhotos' : 'sync.differsPhotosWait', { n: figure(photos) }))
  }
  if (words.length === 0) words.push(t(settled ? 'sync.differsSame' : 'sync.differsNothing'))
  return words
}

/** Whether a receipt says that both hold the same again. */
export function settledWords(difference: Difference): string {
  return difference.settled_at === null
    ? t('sync.differsOpen')
    : t('sync.differsSettled', { time: momentText(difference.settled_at) })
}

/** What waits, in words; empty if nothing does. */
export function waitingWords(waiting: Waiting): string[] {
  const words: string[] = []
  if (waiting.records > 0) words.push(t('waiting.records', { n: figure(waiting.records) }))
  if (waiting.blobs > 0) {
    words.push(t('waiting.blobs', { n: figure(waiting.blobs), size: sizeText(waiting.blob_bytes) }))
  }
  return words
}
