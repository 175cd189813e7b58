import { expect, test } from 'vitest'

import { mountPage, settled } from '@/testing/mount'
import { bundleLine, bundleStatus, refuse } from '@/testing/tablet'
import BundlesPage from './BundlesPage.vue'

test('what waits is written to the chosen place, and the files are told', async () => {
  const asked: string[] = []
  const page = await mountPage(BundlesPage, {
    bundle_export: ({ folder }) => {
      asked.push(folder ?? '')
      return { bundle: bundleLine(1), folder: folder ?? '', files: ['a', 'b'] }
    },
  })
  expect(page.at('bundle-holds').text()).toContain('7 处修改、5 张照片和签名')
  await page.all('bundle-shelf').at(-1)?.trigger('click')
  await page.at('bundle-export').trigger('click')
  await settled()
  expect(asked).toEqual([bundleStatus().shelves.at(-1)?.path])
  expect(page.at('bundle-exported').text()).toContain('2 个文件')
})

test('only a receipt is called covered, and what was written since still waits', async () => {
  const page = await mountPage(BundlesPage, {
    bundle_import: () => ({ parts: 1, pulled: 3, receipt: true, covered: false }),
  })
  await page.at('bundle-import').trigger('click')
  await settled()
  expect(page.at('bundle-taken').text()).toContain('还在等待')
})

test('an answer that was taken in before says that nothing is new', async () => {
  const page = await mountPage(BundlesPage, {
    bundle_import: () => ({ parts: 1, pulled: 0, receipt: false, covered: false }),
  })
  await page.at('bundle-import').trigger('click')
  await settled()
  expect(page.at('bundle-taken').text()).toContain('没有更新的内容')
})

test('without an answer nothing is read in, and without the station’s word nothing is written', async () => {
  const page = await mountPage(BundlesPage, {
    bundle_status: () => bundleStatus({ ready: false, shelves: bundleStatus().shelves.slice(1) }),
  })
  expect(page.at('bundle-import').attributes('disabled')).toBeDefined()
  expect(page.at('bundle-export').attributes('disabled')).toBeDefined()
  expect(page.at('refusal').attributes('data-code')).toBe('sealing_unknown')
  expect(page.has('bundle-stickless')).toBe(true)
})

test('a damaged file is told as what it is', async () => {
  const page = await mountPage(BundlesPage, { bundle_import: () => refuse('bundle_unreadable') })
  await page.at('bundle-import').trigger('click')
  await settled()
  expect(page.at('refusal').attributes('data-code')).toBe('bundle_unreadable')
  expect(page.has('bundle-taken')).toBe(false)
})
