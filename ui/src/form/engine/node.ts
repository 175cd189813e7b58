// What all of the engine's nodes have in common, and how their texts and paths are read.
import type { LeafNodeValidationState } from '@getodk/xforms-engine'
import { markRaw } from 'vue'

import { PYXFORMS_WORDS } from '@/i18n/texts'
import type { Complaint } from '../question'
import { NO_TEXTS, textsOf, type Chunk, type Texts } from '../texts'
import { words } from '../words'

export function nameIn(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1).replace(/\[\d+\]$/, '')
}

export function appearancesOf(node: { readonly appearances: unknown }): ReadonlySet<string> {
  return new Set(node.appearances === null ? [] : (node.appearances as Iterable<string>))
}

export function textsIn(range: unknown): Texts {
  if (range === null || range === undefined) return NO_TEXTS
  const texts = textsOf(range as Iterable<Chunk>)
  const own = PYXFORMS_WORDS[texts.zh]
  return own !== undefined && (texts.mong === '' || texts.mong === texts.zh) ? words(own) : texts
}

/** The address of the picture that belongs to a text. */
export function pictureIn(range: unknown): string | null {
  const source = (range as { imageSource?: { href: string } } | null | undefined)?.imageSource
  return source?.href ?? null
}

/** What the adapter reads of every node that holds an answer. */
export interface AskedNode {
  readonly nodeId: string
  readonly appearances: unknown
  readonly currentState: {
    readonly reference: string
    readonly relevant: boolean
    readonly required: boolean
    readonly readonly: boolean
    readonly label: unknown
    readonly hint: unknown
    readonly instanceValue: string
  }
  readonly validationState: LeafNodeValidationState
}

/** What all questions have in common. */
export abstract class Asked<Node extends AskedNode> {
  readonly appearances: ReadonlySet<string>
  /** The answer as the submission writes it, also while the question is not asked; empty if there is none. */
  given: string
  protected readonly node: Node
  readonly #answered: () => void

  constructor(node: Node, answered: () => void) {
    markRaw(this)
    this.node = node
    this.#answered = answered
    this.appearances = appearancesOf(node)
    this.given = node.currentState.instanceValue
  }
  get id() {
    return this.node.nodeId
  }
  get name() {
    return nameIn(this.node.currentState.reference)
  }
  get reference() {
    return this.node.currentState.reference
  }
  get label() {
    return textsIn(this.node.currentState.label)
  }
  get hint() {
    return textsIn(this.node.currentState.hint)
  }
  get picture() {
    return pictureIn(this.node.currentState.label)
  }
  get relevant() {
    return this.node.currentState.relevant
  }
  get required() {
    return this.node.currentState.required
  }
  get readonly() {
    return this.node.currentState.readonly
  }
  get answered() {
    return this.node.currentState.instanceValue !== ''
  }
  get complaint(): Complaint | null {
    const violation = this.node.validationState.violation
    if (violation === null) return null
    return { why: violation.condition, message: violation.message === null ? null : textsIn(violation.message) }
  }
  /** What was begun and is no answer yet; a draft keeps it, a submission does not. */
  get unfinished(): string {
    return ''
  }
  /** Gives back what `given` was in an earlier session, to a question that is not asked at the moment. */
  recall(given: string) {
    this.write(given)
    this.given = given
  }
  protected abstract write(given: string): void
  protected put(write: () => unknown) {
    if (this.readonly) return
    write()
    this.given = this.node.currentState.instanceValue
    this.#answered()
  }
}
