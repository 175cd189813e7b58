// A form of the pack, filled by the names of its questions straight on the engine, with the lists that a tablet would give.
import { readFileSync } from 'node:fs'

import { loadForm } from '@getodk/xforms-engine'

import { LISTS } from '@/testing/form/lists'

import { ALL_LANGUAGES, withAllLanguages } from '../languages'
import { textsOf, type Chunk, type Texts } from '../texts'

const FORMS = '../packs/anmulong/forms/'

interface Question {
  readonly nodeType: string
  readonly valueType?: string
  readonly selectType?: string
  readonly currentState: {
    readonly reference: string
    readonly relevant: boolean
    readonly label: Iterable<Chunk> | null
    readonly children?: readonly Question[] | null
    readonly instanceValue?: string
    readonly valueOptions?: readonly { readonly value: string }[]
  }
  readonly validationState?: {
    readonly violation?: { readonly condition: string; readonly message: Iterable<Chunk> | null } | null
  }
  setValue(value: unknown): unknown
  selectValues(values: readonly string[]): unknown
  setValues(values: readonly string[]): unknown
  addInstances(): unknown
  removeInstances(index: number): unknown
}

interface Root extends Question {
  readonly instanceState: { readonly instanceXML: string }
  prepareInstancePayload(options: { payloadType: 'monolithic' }): unknown
}

export type Answer = string | number | boolean | readonly string[]

export function xformOf(form: string): string {
  return readFileSync(`${FORMS}${form}.xml`, 'utf8')
}

interface Opening {
  submission?: string
  lists?: Record<string, string>
}

export class Paper {
  readonly #root: Root

  private constructor(root: unknown) {
    this.#root = root as Root
  }

  /** Opens a form, or goes on with a submission of it; `lists` replaces files of `LISTS`. */
  static async open(form: string, { submission = '', lists = {} }: Opening = {}): Promise<Paper> {
    const files: Record<string, string | undefined> = { ...LISTS, ...lists }
    const loaded = await loadForm(withAllLanguages(xformOf(form)).xml, {
      fetchFormAttachment: (url: URL) => {
        const file = files[url.href.replace(/^.*\//, '')]
        return Promise.resolve(new Response(file ?? null, { status: file === undefined ? 404 : 200 }))
      },
    })
    if (loaded.status === 'failure') throw new Error(loaded.error.message, { cause: loaded.error })
    if (submission === '') return Paper.#of(loaded.createInstance().root)
    const data = new FormData()
    data.set('xml_submission_file', new File([submission], 'xml_submission_file', { type: 'text/xml' }))
    const { root } = await loaded.restoreInstance({ data: [data] } as never)
    return Paper.#of(root)
  }

  static #of(root: { languages: readonly { language: string }[]; setLanguage(language: never): void }): Paper {
    const all = root.languages.find((each) => each.language === ALL_LANGUAGES)
    if (all === undefined) throw new Error('the form has no translations')
    root.setLanguage(all as never)
    return new Paper(root)
  }

  /** Answers questions in the given order; `name` or, inside of repeats, `repeat[2]/name`. */
  fill(answers: Record<string, Answer>): this {
    for (const [name, answer] of Object.entries(answers)) this.#put(this.#at(name), answer)
    return this
  }

  add(repeat: string): this {
    this.#at(repeat).addInstances()
    return this
  }

  /** The answer as the submission writes it; empty while the question is not asked. */
  value(name: string): string {
    const node = this.#at(name)
    return node.currentState.relevant ? (node.currentState.instanceValue ?? '') : ''
  }

  asks(name: string): boolean {
    return this.#at(name).currentState.relevant
  }

  options(name: string): string[] {
    return (this.#at(name).currentState.valueOptions ?? []).map((option) => option.value)
  }

  label(name: string): Texts {
    return textsOf(this.#at(name).currentState.label ?? [])
  }

  /** What is complained about a question: its rule and the author's words. */
  complaint(name: string): { why: string; message: Texts } | null {
    const violation = this.#at(name).validationState?.violation
    if (violation === null || violation === undefined) return null
    return { why: violation.condition, message: textsOf(violation.message ?? []) }
  }

  /** The questions that stand in the way of finishing. */
  missing(): string[] {
    return leavesOf(this.#root)
      .filter((leaf) => leaf.currentState.relevant && (leaf.validationState?.violation ?? null) !== null)
      .map((leaf) => leaf.currentState.reference.replace(/^.*\//, ''))
  }

  submission(): string {
    void this.#root.prepareInstancePayload({ payloadType: 'monolithic' })
    return this.#root.instanceState.instanceXML
  }

  /** The entity of a dataset in the submission: its attributes and its label. `null` if the submission makes none. */
  entities(dataset: string): { id: string; create: boolean; update: boolean; base: string; label: string }[] {
    const said = (text: string | null) => text === '1' || text === 'true'
    const doc = new DOMParser().parseFromString(this.submission(), 'text/xml')
    return [...doc.getElementsByTagName('entity')]
      .filter((entity) => entity.getAttribute('dataset') === dataset)
      .map((entity) => ({
        id: entity.getAttribute('id') ?? '',
        create: said(entity.getAttribute('create')),
        update: said(entity.getAttribute('update')),
        base: entity.getAttribute('baseVersion') ?? '',
        label: entity.getElementsByTagName('label')[0]?.textContent ?? '',
      }))
      .filter((entity) => entity.create || entity.update)
  }

  #at(name: string): Question {
    const wanted = name.includes('[') ? new RegExp(`/${name.replace(/[[\]]/g, '\\$&')}$`) : new RegExp(`/${name}$`)
    const found = nodesOf(this.#root).find((node) => wanted.test(node.currentState.reference))
    if (found === undefined) throw new Error(`there is no question ${name}`)
    return found
  }

  #put(node: Question, answer: Answer): void {
    const text = typeof answer === 'object' ? answer.join(' ') : String(answer)
    switch (node.nodeType) {
      case 'select': {
        const offered = (node.currentState.valueOptions ?? []).map((option) => option.value)
        const chosen = typeof answer === 'object' ? answer : [text]
        for (const each of chosen) {
          if (!offered.includes(each)) throw new Error(`${node.currentState.reference} does not offer ${each}`)
        }
        node.selectValues(chosen)
        return
      }
      case 'rank':
        node.setValues(typeof answer === 'object' ? answer : [text])
        return
      case 'trigger':
        node.setValue(answer === true)
        return
      case 'upload':
        node.setValue(new File(['x'], text))
        return
      default:
        node.setValue(node.valueType === 'int' ? BigInt(text) : node.valueType === 'decimal' ? Number(text) : text)
    }
  }
}

function nodesOf(node: Question): Question[] {
  return [node, ...(node.currentState.children ?? []).flatMap(nodesOf)]
}

function leavesOf(node: Question): Question[] {
  const children = node.currentState.children
  return children === null || children === undefined ? [node] : children.flatMap(leavesOf)
}
