// What the state of a sync is called: waiting, sent and verified are three different things.
import type { ReceiptView } from '@/api/bindings/ReceiptView'
import type { SyncStatus } from '@/api/bindings/SyncStatus'
import type { Waiting } from '@/api/bindings/Waiting'
import { t } from '.'
import { figure, momentText, sizeText } from './time'

export type Standing = 'waiting' | 'never' | 'sent' | 'refused' | 'verified'

/** Only a receipt that still covers everything makes something verified, and nothing that was refused is at the station. */
export function standingOf(status: Pick<SyncStatus, 'waiting' | 'receipt' | 'covered'>): Standing {
  if (status.waiting.revisions > 0 || status.waiting.blobs > 0) return 'waiting'
  if (status.receipt === null) return 'never'
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

/** What waits, in words; empty if nothing does. */
export function waitingWords(waiting: Waiting): string[] {
  const words: string[] = []
  if (waiting.records > 0) words.push(t('waiting.records', { n: figure(waiting.records) }))
  if (waiting.blobs > 0) {
    words.push(t('waiting.blobs', { n: figure(waiting.blobs), size: sizeText(waiting.blob_bytes) }))
  }
  return words
}
