// Questions that offer choices, over the engine's nodes.
import type { RankNode, SelectNode } from '@getodk/xforms-engine'

import type { Choice, RankQuestion, SelectMultipleQuestion, SelectOneQuestion } from '../question'
import { Asked, pictureIn, textsIn } from './node'

type Options = SelectNode['currentState']['valueOptions'] | RankNode['currentState']['valueOptions']

const seen = new WeakMap<Options, Choice[]>()

// The engine makes a new list whenever it changes; a long one is read once.
function choicesOf(items: Options): Choice[] {
  const known = seen.get(items)
  if (known !== undefined && known.length === items.length) return known
  const choices = items.map((item) => ({ value: item.value, label: textsIn(item.label), picture: pictureIn(item.label) }))
  seen.set(items, choices)
  return choices
}

export class EngineSelectOne extends Asked<SelectNode> implements SelectOneQuestion {
  readonly kind = 'select_one'
  get choices() {
    return choicesOf(this.node.currentState.valueOptions)
  }
  get value() {
    return this.node.currentState.value[0] ?? null
  }
  answer(value: string | null) {
    this.put(() => this.node.selectValue(value))
  }
  protected write(given: string) {
    this.node.selectValue(given)
  }
}

export class EngineSelectMultiple extends Asked<SelectNode> implements SelectMultipleQuestion {
  readonly kind = 'select_multiple'
  get choices() {
    return choicesOf(this.node.currentState.valueOptions)
  }
  get value() {
    return this.node.currentState.value
  }
  answer(values: readonly string[]) {
    this.put(() => this.node.selectValues(values))
  }
  protected write(given: string) {
    this.node.selectValues(given.split(' '))
  }
}

export class EngineRank extends Asked<RankNode> implements RankQuestion {
  readonly kind = 'rank'
  get choices() {
    return choicesOf(this.node.currentState.valueOptions)
  }
  get value() {
    return this.node.currentState.value
  }
  answer(values: readonly string[]) {
    this.put(() => this.node.setValues(values))
  }
  protected write(given: string) {
    const known = this.choices.map((choice) => choice.value)
    const ranked = given.split(' ').filter((value) => known.includes(value))
    this.node.setValues(ranked.length === 0 ? [] : [...new Set([...ranked, ...known])])
  }
}
