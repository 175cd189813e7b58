// The points of a line while they are being made, and what they were before each change.
import { computed, shallowReactive, type ComputedRef } from 'vue'

import type { LineQuestion, Point } from './question'

export interface Sketch {
  readonly points: ComputedRef<readonly Point[]>
  readonly undoable: ComputedRef<boolean>
  readonly add: (point: Point) => void
  move(index: number, to: Pick<Point, 'lat' | 'lon'>): void
  remove(index: number): void
  clear(): void
  undo(): void
}

interface State {
  before: readonly (readonly Point[])[]
}

const states = new WeakMap<LineQuestion, State>()

export function sketchOf(question: LineQuestion): Sketch {
  const state = states.get(question) ?? shallowReactive<State>({ before: [] })
  states.set(question, state)
  const points = computed(() => question.value)

  function change(next: readonly Point[]) {
    if (question.readonly) return
    state.before = [...state.before, points.value]
    question.answer(next)
  }

  return {
    points,
    undoable: computed(() => state.before.length > 0 && !question.readonly),
    add: (point) => {
      change([...points.value, point])
    },
    move(index, to) {
      // A point put by hand is as exact as the hand; the receiver's word no longer holds.
      change(points.value.map((point, at) => (at === index ? { ...to, altitude_m: null, accuracy_m: null } : point)))
    },
    remove(index) {
      change(points.value.filter((_, at) => at !== index))
    },
    clear() {
      change([])
    },
    undo() {
      const last = state.before.at(-1)
      if (last === undefined || question.readonly) return
      state.before = state.before.slice(0, -1)
      question.answer(last)
    },
  }
}
