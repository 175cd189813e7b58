// How the engine's tree of nodes becomes our pages' tree of questions, sections and repeats.
import type {
  AnyNoteNode,
  AnyRangeNode,
  GroupNode,
  InputNode,
  RankNode,
  RepeatInstanceNode,
  RepeatRangeControlledNode,
  RepeatRangeUncontrolledNode,
  SelectNode,
  TriggerNode,
  UploadNode,
} from '@getodk/xforms-engine'
import { markRaw } from 'vue'

import type { Item, Question, Repeat, Section } from '../question'
import { answersIn, giveBack } from './answers'
import { appearancesOf, nameIn, textsIn, type AskedNode } from './node'
import {
  EngineAcknowledge,
  EngineBarcode,
  EngineDate,
  EngineFile,
  EngineLine,
  EngineMoment,
  EngineNote,
  EngineNumber,
  EnginePosition,
  EngineRange,
  EngineText,
  EngineTime,
  EngineUnsupported,
} from './questions'
import { EngineRank, EngineSelectMultiple, EngineSelectOne } from './selects'

// The engine's own unions lean on a file that is not published, so they are written out here.
type KnownInput =
  | InputNode<'string'>
  | InputNode<'int'>
  | InputNode<'decimal'>
  | InputNode<'date'>
  | InputNode<'time'>
  | InputNode<'dateTime'>
  | InputNode<'geopoint'>
  | InputNode<'geotrace'>
  | InputNode<'geoshape'>
  | InputNode<'barcode'>
type OtherType = 'boolean' | 'binary' | 'intent'
type OtherInput = AskedNode & { readonly nodeType: 'input'; readonly valueType: OtherType }
type QuestionNode =
  | KnownInput
  | OtherInput
  | AnyNoteNode
  | AnyRangeNode
  | RankNode
  | SelectNode
  | TriggerNode
  | UploadNode
type BranchNode = GroupNode | RepeatInstanceNode | RepeatRangeControlledNode | RepeatRangeUncontrolledNode
type HiddenNode = AskedNode & { readonly nodeType: 'model-value' }

const known = new WeakMap<object, Item>()

export function itemsOf(nodes: readonly unknown[], answered: () => void): Item[] {
  const items: Item[] = []
  for (const each of nodes) {
    const node = each as QuestionNode | BranchNode | HiddenNode
    const item = known.get(node) ?? itemOf(node, answered)
    if (item === null) continue
    known.set(node, item)
    items.push(item)
  }
  return items
}

function itemOf(node: QuestionNode | BranchNode | HiddenNode, answered: () => void): Item | null {
  switch (node.nodeType) {
    case 'model-value':
      return null
    case 'group':
    case 'repeat-instance': {
      const section = new EngineSection(node, answered)
      return node.nodeType === 'group' && section.items.length === 0 ? null : section
    }
    case 'repeat-range:controlled':
    case 'repeat-range:uncontrolled':
      return new EngineRepeat(node, answered)
    case 'note':
    case 'select':
    case 'trigger':
    case 'upload':
    case 'input':
    case 'range':
    case 'rank':
      return questionOf(node, answered)
  }
}

function questionOf(node: QuestionNode, answered: () => void): Question {
  switch (node.nodeType) {
    case 'note':
      return new EngineNote(node, answered)
    case 'select':
      return node.selectType === 'select1' ? new EngineSelectOne(node, answered) : new EngineSelectMultiple(node, answered)
    case 'trigger':
      return new EngineAcknowledge(node, answered)
    case 'upload':
      return uploadOf(node, answered)
    case 'input':
      switch (node.valueType) {
        case 'string':
          return new EngineText(node, answered)
        case 'int':
        case 'decimal':
          return new EngineNumber(node, answered)
        case 'date':
          return new EngineDate(node, answered)
        case 'time':
          return new EngineTime(node, answered)
        case 'dateTime':
          return new EngineMoment(node, answered)
        case 'geopoint':
          return new EnginePosition(node, answered)
        case 'geotrace':
        case 'geoshape':
          return new EngineLine(node, answered)
        case 'barcode':
          return new EngineBarcode(node, answered)
        case 'boolean':
        case 'binary':
        case 'intent':
          return new EngineUnsupported(node, node.valueType, answered)
      }
    case 'range':
      return new EngineRange(node, answered)
    case 'rank':
      return new EngineRank(node, answered)
  }
}

// Films are not kept on the tablet: hours of the field would not fit through the station's line.
function uploadOf(node: UploadNode, answered: () => void): Question {
  const media = node.nodeOptions.media.accept as string
  const appearances = appearancesOf(node)
  if (media.startsWith('image/')) {
    const kind = appearances.has('signature') ? 'signature' : appearances.has('draw') ? 'drawing' : 'photo'
    return new EngineFile(node, kind, answered)
  }
  if (media.startsWith('audio/')) return new EngineFile(node, 'audio', answered)
  if (media.startsWith('video/')) return new EngineUnsupported(node, media, answered)
  return new EngineFile(node, 'file', answered)
}

class EngineSection implements Section {
  readonly kind = 'section'
  readonly fieldList: boolean
  readonly items: readonly Item[]
  readonly #node: GroupNode | RepeatInstanceNode

  constructor(node: GroupNode | RepeatInstanceNode, answered: () => void) {
    markRaw(this)
    this.#node = node
    this.fieldList = appearancesOf(node).has('field-list')
    this.items = itemsOf(node.currentState.children, answered)
  }
  get id() {
    return this.#node.nodeId
  }
  get name() {
    return nameIn(this.#node.currentState.reference)
  }
  get label() {
    return textsIn(this.#node.currentState.label)
  }
  get relevant() {
    return this.#node.currentState.relevant
  }
}

class EngineRepeat implements Repeat {
  readonly kind = 'repeat'
  readonly #node: RepeatRangeControlledNode | RepeatRangeUncontrolledNode
  readonly #answered: () => void

  constructor(node: RepeatRangeControlledNode | RepeatRangeUncontrolledNode, answered: () => void) {
    markRaw(this)
    this.#node = node
    this.#answered = answered
  }
  get id() {
    return this.#node.nodeId
  }
  get name() {
    return nameIn(this.#node.currentState.reference)
  }
  get label() {
    return textsIn(this.#node.currentState.label)
  }
  get relevant() {
    return this.#node.currentState.relevant
  }
  get free() {
    return this.#node.nodeType === 'repeat-range:uncontrolled'
  }
  get instances() {
    return itemsOf(this.#node.currentState.children, this.#answered).filter((item) => item.kind === 'section')
  }
  add() {
    if (this.#node.nodeType !== 'repeat-range:uncontrolled') return
    this.#node.addInstances()
    this.#answered()
  }
  remove(index: number) {
    const node = this.#node
    const gone = this.instances[index]
    if (node.nodeType !== 'repeat-range:uncontrolled' || gone === undefined) return () => undefined
    const answers = answersIn(gone)
    node.removeInstances(index)
    this.#answered()
    return () => {
      node.addInstances(index - 1)
      const back = this.instances[index]
      if (back !== undefined) giveBack(back, answers)
      this.#answered()
    }
  }
}
