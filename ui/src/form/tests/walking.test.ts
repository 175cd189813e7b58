import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'

import type { Fix } from '@/api/bindings/Fix'
import { memoryHost } from '@/testing/form/memoryHost'
import type { LineQuestion, Point } from '../question'
import { sketchOf } from '../sketch'
import { judge, useWalk, type Walk } from '../walking'

const fix = (metres: number, accuracy_m: number): Fix => ({ lat: 39.1 + metres / 111_319, lon: 107.98, altitude_m: null, accuracy_m })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a fix', () => {
  it('is taken if it is exact, and while walking if it is far enough from the last', () => {
    expect(judge(fix(0, 4), undefined, 15, true)).toBe('taken')
    expect(judge(fix(1, 4), fix(0, 4), 15, true)).toBe('near')
    expect(judge(fix(1, 4), fix(0, 4), 15, false)).toBe('taken')
    expect(judge(fix(5, 4), fix(0, 4), 15, true)).toBe('taken')
    expect(judge(fix(5, 14), fix(0, 4), 15, true)).toBe('near')
    expect(judge(fix(50, 16), fix(0, 4), 15, true)).toBe('vague')
  })
})

function walking(fixes: (Fix | null)[]) {
  const host = memoryHost()
  host.position = () => Promise.resolve(fixes.shift() ?? null)
  const points: Point[] = []
  let walk: Walk | undefined
  const view = mount(
    defineComponent(() => {
      walk = useWalk(host, { exact_m: 10 }, () => points, (point) => points.push(point))
      return () => h('p')
    }),
  )
  if (walk === undefined) throw new Error('no walk')
  return { walk, points, view }
}

describe('a walk', () => {
  it('records what is exact and says what is not, until it is paused', async () => {
    const { walk, points } = walking([fix(0, 3), fix(10, 30), fix(10, 3), null, fix(20, 3), fix(30, 3)])
    walk.toggle()
    await vi.advanceTimersByTimeAsync(0)
    expect(points).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(walk.now.seen).toEqual({ kind: 'vague', accuracy_m: 30 })
    await vi.advanceTimersByTimeAsync(2_000)
    expect(points).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(walk.now.seen.kind).toBe('none')
    await vi.advanceTimersByTimeAsync(2_000)
    walk.toggle()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(points).toHaveLength(3)
  })

  it('ends when its question is no longer on the screen', async () => {
    const { walk, points, view } = walking([fix(0, 3), fix(10, 3), fix(20, 3)])
    walk.toggle()
    await vi.advanceTimersByTimeAsync(0)
    view.unmount()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(points).toHaveLength(1)
  })
})

describe('a sketch', () => {
  it('moves, removes and undoes', () => {
    let value: readonly Point[] = []
    const question = {
      kind: 'line',
      closed: true,
      readonly: false,
      get value() {
        return value
      },
      answer(points: readonly Point[]) {
        value = points
      },
    } as unknown as LineQuestion
    sketchOf(question).add(fix(0, 3))
    sketchOf(question).add(fix(10, 3))
    expect(sketchOf(question).points.value).toHaveLength(2)
    sketchOf(question).add(fix(20, 3))
    expect(value).toHaveLength(3)
    sketchOf(question).move(1, { lat: 1, lon: 2 })
    expect(value[1]).toEqual({ lat: 1, lon: 2, altitude_m: null, accuracy_m: null })
    sketchOf(question).undo()
    expect(value[1]).toEqual(fix(10, 3))
    sketchOf(question).remove(0)
    expect(sketchOf(question).points.value).toHaveLength(2)
    for (let turn = 0; turn < 4; turn += 1) sketchOf(question).undo()
    expect(sketchOf(question).points.value).toHaveLength(0)
    expect(sketchOf(question).undoable.value).toBe(false)
  })
})
