import { mount } from '@vue/test-utils'
import { expect, test } from 'vitest'

import { mong } from '@/i18n'
import { sayMoment } from '@/i18n/time'
import { showIn } from '@/state/display'
import { NOW } from '@/testing/people'
import Words from './Words.vue'

test('Chinese has its Mongolian beside it, in its own direction', () => {
  const words = mount(Words, { props: { of: 'nav.today' } })
  expect(words.get('.own').text()).toBe('今天')
  expect(words.get('[lang="mn-Mong"].mong').text()).toBe(mong('nav.today'))
})

test('a detail is said once', () => {
  const words = mount(Words, { props: { of: 'nav.today', plain: true } })
  expect(words.text()).toBe('今天')
})

test('a date within a text is said in the language of each side', () => {
  const words = mount(Words, { props: { of: 'sync.tried', named: { time: sayMoment(NOW) } } })
  expect(words.get('.own').text()).toContain('11月23日')
  expect(words.get('.mong').text()).not.toMatch(/\p{Script=Han}/u)
})

test.each([
  ['zh', '今天'],
  ['mn-Cyrl', 'Өнөөдөр'],
  ['en', 'Today'],
] as const)('in %s there is one language alone', (mode, text) => {
  showIn(mode)
  expect(mount(Words, { props: { of: 'nav.today' } }).text()).toBe(text)
})

test('in vertical Mongolian short figures stand upright and nothing of the text is lost', () => {
  showIn('mn-Mong')
  const words = mount(Words, { props: { of: 'today.visits', named: { n: 3 } } })
  expect(words.get('.figure').text()).toBe('3')
  expect((words.element as HTMLElement).textContent).toBe(mong('today.visits', { n: 3 }))
})
