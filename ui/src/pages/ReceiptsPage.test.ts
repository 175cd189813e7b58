import { expect, test } from 'vitest'

import { mountPage } from '@/testing/mount'
import { refuse } from '@/testing/tablet'
import ReceiptsPage from './ReceiptsPage.vue'

test('every receipt says what it covers, and which difference it settled', async () => {
  const page = await mountPage(ReceiptsPage)
  expect(page.all('receipt-line')).toHaveLength(3)
  expect(page.at('receipt-line').text()).toContain('42 / 42 处修改')
  expect(page.all('difference')).toHaveLength(1)
  expect(page.at('difference').text()).toContain('平板缺 3 处修改，已补收')
})

test('without receipts it is said that nothing is synced', async () => {
  const page = await mountPage(ReceiptsPage, { receipts: () => [] })
  expect(page.at('empty').text()).toContain('没有回执，就不算同步好')
  const broken = await mountPage(ReceiptsPage, { receipts: () => refuse('file_failed') })
  expect(broken.at('refusal').attributes('data-code')).toBe('file_failed')
})
