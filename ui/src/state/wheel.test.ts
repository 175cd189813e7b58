import { expect, test, vi } from 'vitest'

import { showIn } from './display'
import { turnWheel } from './wheel'

function page() {
  const root = document.createElement('div')
  root.innerHTML = '<div style="overflow-x: auto"><p>…</p></div>'
  document.body.append(root)
  turnWheel(root)
  const scroller = root.firstElementChild as HTMLElement
  Object.defineProperty(scroller, 'scrollWidth', { value: 4000 })
  Object.defineProperty(scroller, 'clientWidth', { value: 1000 })
  const scrollBy = vi.fn()
  scroller.scrollBy = scrollBy
  // The document in memory drops some of what a wheel's event says; here all of it is said.
  const turn = (wheel: WheelEventInit) =>
    root.querySelector('p')?.dispatchEvent(Object.assign(new Event('wheel', { bubbles: true }), { deltaX: 0, ...wheel }))
  return { turn, scrollBy }
}

test('in vertical Mongolian the wheel moves from column to column', () => {
  showIn('mn-Mong')
  const { turn, scrollBy } = page()
  turn({ deltaY: 120 })
  expect(scrollBy).toHaveBeenCalledWith({ left: 120 })
})

test('a wheel that turns sideways by itself, or zooms, is left alone', () => {
  showIn('mn-Mong')
  const { turn, scrollBy } = page()
  turn({ deltaX: 40, deltaY: 120 })
  turn({ deltaY: 120, ctrlKey: true })
  expect(scrollBy).not.toHaveBeenCalled()
})

test('in a page that runs downwards nothing is turned', () => {
  showIn('both')
  const { turn, scrollBy } = page()
  turn({ deltaY: 120 })
  expect(scrollBy).not.toHaveBeenCalled()
})
