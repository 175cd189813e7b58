import { expect, test } from 'vitest'

import type { Waiting } from '@/api/bindings/Waiting'
import { showIn } from '@/state/display'
import { receipt, syncStatus } from '@/testing/tablet'
import { receiptSentence, standingOf, waitingWords } from './sync'

const NOTHING: Waiting = { revisions: 0, records: 0, blobs: 0, blob_bytes: 0, refused: 0 }

test('only a receipt that covers everything makes a tablet verified', () => {
  expect(standingOf(syncStatus())).toBe('verified')
  expect(standingOf(syncStatus({ covered: false }))).toBe('sent')
  expect(standingOf(syncStatus({ receipt: null, covered: false }))).toBe('never')
})

test('what was refused is never called to be at the station', () => {
  expect(standingOf(syncStatus({ waiting: { ...NOTHING, refused: 1 } }))).toBe('refused')
})

test('one photo that waits is enough to be waiting, whatever the receipt says', () => {
  expect(standingOf(syncStatus({ waiting: { ...NOTHING, blobs: 1 } }))).toBe('waiting')
  expect(standingOf(syncStatus({ waiting: { ...NOTHING, revisions: 1 } }))).toBe('waiting')
})

test('a receipt says in one sentence how much of how much the station holds', () => {
  showIn('zh')
  const sentence = receiptSentence({ ...receipt(), own_stored: 41, blobs_stored: 60 })
  expect(sentence).toContain('41 / 42 处修改')
  expect(sentence).toContain('60 / 61 张照片和签名')
})

test('what waits is said in words, and nothing is said of nothing', () => {
  showIn('zh')
  expect(waitingWords(NOTHING)).toEqual([])
  expect(waitingWords({ ...NOTHING, records: 3, blobs: 5, blob_bytes: 3_400_000 })).toEqual([
    '3 条记录',
    '5 张照片和签名（3.4 MB）',
  ])
})
