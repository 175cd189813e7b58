// The wheel of a mouse moves a page the way it is read: in vertical Mongolian from left to right. Engines leave it turned.
import { vertical } from './display'

export function turnWheel(root: HTMLElement): void {
  root.addEventListener(
    'wheel',
    (event) => {
      if (!vertical.value || event.deltaX !== 0 || event.ctrlKey || event.shiftKey) return
      scrollerOf(event.target)?.scrollBy({ left: event.deltaY })
    },
    { passive: true },
  )
}

function scrollerOf(target: EventTarget | null): Element | null {
  let each = target instanceof Element ? target : null
  while (each !== null && !scrolls(each)) each = each.parentElement
  return each
}

function scrolls(element: Element): boolean {
  return element.scrollWidth > element.clientWidth && /auto|scroll/.test(getComputedStyle(element).overflowX)
}
