import { expect, test } from 'vitest'

import { mountPage } from '@/testing/mount'
import { recordHistory } from '@/testing/undecided'
import HistoryPage from './HistoryPage.vue'
import ReceiptPage from './ReceiptPage.vue'
import ReceiptsPage from './ReceiptsPage.vue'

test('the history says who changed what from what to what, and what became of it', async () => {
  const page = await mountPage(HistoryPage, {}, { id: 'household-3' })
  const entries = page.all('history-entry').map((entry) => entry.text())
  expect(entries).toHaveLength(5)
  expect(entries[0]).toContain('宝力道')
  expect(entries[0]).toContain('在两边不一样的内容中选定')
  expect(entries[0]).toContain('13900002222')
  expect(entries[1]).toContain('李明')
  expect(entries[2]).toMatch(/派出所没有接收.*已不算数/)
  expect(entries[3]).toContain('从 巴彦 转到 查干淖尔')
  expect(entries[3]).toContain('（空）')
  expect(entries[4]).toContain('新建')
})

test('what the station itself wrote has the station for its author', async () => {
  const unnamed = { zh: '', mong: '', cyrl: '' }
  const past = recordHistory()
  const entries = past.entries.map((entry) => ({ ...entry, officer_name: unnamed }))
  const page = await mountPage(HistoryPage, { history: () => ({ ...past, entries }) }, { id: 'household-3' })
  expect(page.all('history-entry')[1]?.text()).toContain('派出所')
})

test('every kept receipt is listed, and one that is not the station’s is told', async () => {
  const page = await mountPage(ReceiptsPage)
  expect(page.all('receipt-line')).toHaveLength(3)
  expect(page.all('receipt-line')[1]?.text()).toContain('31 / 31 处修改')
  expect(page.page.text()).not.toContain('不是派出所的')
})

test('a receipt in full shows the text that was signed, the signature and the key', async () => {
  const page = await mountPage(ReceiptPage, {}, { id: 'receipt-1' })
  expect(page.at('receipt-text').text()).toContain('"own_seq":42')
  expect(page.at('receipt-genuine').text()).toContain('是派出所的')
})
