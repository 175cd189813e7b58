// The one file that knows `@getodk/xforms-engine`: it loads a form with all its languages, begins or resumes an answer,
// and shows the engine's nodes as the question types of `question.ts`. No other file may import the engine.
import { loadForm } from '@getodk/xforms-engine'
import type {
  AnyNoteNode,
  AnyRangeNode,
  FormLanguage,
  GroupNode,
  InputNode,
  InstanceData,
  LeafNodeValidationState,
  RankNode,
  RepeatInstanceNode,
  RepeatRangeControlledNode,
  RepeatRangeUncontrolledNode,
  RootNode,
  SelectNode,
  TriggerNode,
  UploadNode,
} from '@getodk/xforms-engine'
import { markRaw, reactive } from 'vue'

import { ALL_LANGUAGES, withAllLanguages } from './languages'
import type {
  AcknowledgeQuestion,
  Choice,
  Complaint,
  DateQuestion,
  Filling,
  Item,
  NoteQuestion,
  NumberQuestion,
  PictureQuestion,
  Point,
  PositionQuestion,
  Question,
  Repeat,
  Section,
  SelectMultipleQuestion,
  SelectOneQuestion,
  TextQuestion,
  UnsupportedQuestion,
} from './question'
import { NO_TEXTS, textsOf, type Chunk, type Texts } from './texts'

/** Who fills the form, for the preloads `deviceid` and `username`. */
export interface Filler {
  device: string
  officer: string
}

export interface OpenOptions {
  /** A submission to go on with; its instance id is kept. */
  submission: string | null
  filler: Filler
  /** Called after every answer. */
  answered: () => void
}

/** Loads a form and begins an answer, or goes on with one. Throws with the engine's words if either cannot be done. */
export async function openFilling(xform: string, options: OpenOptions): Promise<Filling> {
  const merged = withAllLanguages(xform)
  const form = await loadForm(merged.xml, { fetchFormAttachment: noFile })
  if (form.status === 'failure') throw new Error(form.error.message, { cause: form.error })
  const config = {
    stateFactory: reactive,
    preloadProperties: { deviceID: options.filler.device, username: options.filler.officer },
    // The host names attachments; the engine keeps the names as they are.
    instanceAttachments: { fileNameFactory: (file: FileName) => file.basename + (file.extension ?? '') },
  }
  const instance =
    options.submission === null
      ? form.createInstance(config)
      : await form.restoreInstance({ data: [submissionData(options.submission)] }, config)
  return new EngineFilling(instance.root, merged.chinese, changesWithLanguage(xform), options.answered)
}

interface FileName {
  basename: string
  extension: string | null
}

const SUBMISSION_FILE = 'xml_submission_file'

function submissionData(submission: string): InstanceData {
  const data = new FormData()
  data.set(SUBMISSION_FILE, new File([submission], SUBMISSION_FILE, { type: 'text/xml' }))
  return data as InstanceData
}

function noFile(): Promise<Response> {
  return Promise.resolve(new Response(null, { status: 404 }))
}

/** Whether answers may hold words of the shown language, so that it must be Chinese while the submission is written. */
function changesWithLanguage(xform: string): boolean {
  return /jr:choice-name\s*\(|calculate="[^"]*jr:itext\s*\(/.test(xform)
}

class EngineFilling implements Filling {
  readonly items: readonly Item[]
  readonly #root: RootNode
  readonly #shown: FormLanguage | null
  readonly #written: FormLanguage | null

  constructor(root: RootNode, chinese: string | null, switches: boolean, answered: () => void) {
    markRaw(this)
    this.#root = root
    this.#shown = languageNamed(root, ALL_LANGUAGES)
    this.#written = switches && chinese !== null ? languageNamed(root, chinese) : null
    if (this.#shown !== null) root.setLanguage(this.#shown)
    this.items = itemsOf(root.currentState.children, answered)
  }

  submission(): string {
    if (this.#written !== null) this.#root.setLanguage(this.#written)
    try {
      // Preparing sets the `end` time and is done when the call returns; the XML is read in the same moment.
      void this.#root.prepareInstancePayload({ payloadType: 'monolithic' })
      return this.#root.instanceState.instanceXML
    } finally {
      if (this.#written !== null && this.#shown !== null) this.#root.setLanguage(this.#shown)
    }
  }
}

function languageNamed(root: RootNode, name: string): FormLanguage | null {
  for (const each of root.languages) if (each.isSyntheticDefault !== true && each.language === name) return each
  return null
}

/* ---------------------------------------------------------------- the tree */

// The engine's own unions lean on a file that is not published, so they are written out here.
type KnownInput = InputNode<'string'> | InputNode<'int'> | InputNode<'decimal'> | InputNode<'date'> | InputNode<'geopoint'>
type OtherType = 'boolean' | 'time' | 'dateTime' | 'geotrace' | 'geoshape' | 'binary' | 'barcode' | 'intent'
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

function itemsOf(nodes: readonly unknown[], answered: () => void): Item[] {
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
    case 'upload': {
      const media = node.nodeOptions.media.accept as string
      return media.startsWith('image/') ? new EnginePicture(node, answered) : new EngineUnsupported(node, media, answered)
    }
    case 'input':
      switch (node.valueType) {
        case 'string':
          return new EngineText(node, answered)
        case 'int':
        case 'decimal':
          return new EngineNumber(node, answered)
        case 'date':
          return new EngineDate(node, answered)
        case 'geopoint':
          return new EnginePosition(node, answered)
        case 'boolean':
        case 'time':
        case 'dateTime':
        case 'geotrace':
        case 'geoshape':
        case 'binary':
        case 'barcode':
        case 'intent':
          return new EngineUnsupported(node, node.valueType, answered)
      }
    case 'range':
    case 'rank':
      return new EngineUnsupported(node, node.nodeType, answered)
  }
}

function nameIn(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1).replace(/\[\d+\]$/, '')
}

function appearancesOf(node: { readonly appearances: unknown }): ReadonlySet<string> {
  return new Set(node.appearances === null ? [] : (node.appearances as Iterable<string>))
}

function textsIn(range: unknown): Texts {
  return range === null || range === undefined ? NO_TEXTS : textsOf(range as Iterable<Chunk>)
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
    if (this.#node.nodeType !== 'repeat-range:uncontrolled') return
    this.#node.removeInstances(index)
    this.#answered()
  }
}

/* ----------------------------------------------------------- the questions */

/** What the adapter reads of every node that holds an answer. */
interface AskedNode {
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
abstract class Asked<Node extends AskedNode> {
  readonly appearances: ReadonlySet<string>
  protected readonly node: Node
  readonly #answered: () => void

  constructor(node: Node, answered: () => void) {
    markRaw(this)
    this.node = node
    this.#answered = answered
    this.appearances = appearancesOf(node)
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
  protected put(write: () => unknown) {
    if (this.readonly) return
    write()
    this.#answered()
  }
}

class EngineText extends Asked<InputNode<'string'>> implements TextQuestion {
  readonly kind = 'text'
  get value() {
    return this.node.currentState.value
  }
  get multiline() {
    return this.appearances.has('multiline') || (this.node.nodeOptions.rows ?? 1) > 1
  }
  answer(value: string) {
    this.put(() => this.node.setValue(fitForXml(value)))
  }
}

/** Takes out what XML 1.0 cannot hold (it would make the whole submission unreadable), and nothing else. */
function fitForXml(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '')
    .replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '')
}

class EngineNumber extends Asked<InputNode<'int'> | InputNode<'decimal'>> implements NumberQuestion {
  readonly kind = 'number'
  get whole() {
    return this.node.valueType === 'int'
  }
  get value() {
    return this.node.currentState.instanceValue
  }
  answer(value: string) {
    const node = this.node
    this.put(() => {
      if (node.valueType === 'int') return node.setValue(/^-?\d+$/.test(value) ? BigInt(value) : null)
      return node.setValue(/^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null)
    })
  }
}

class EngineDate extends Asked<InputNode<'date'>> implements DateQuestion {
  readonly kind = 'date'
  get value() {
    return this.node.currentState.instanceValue.slice(0, 10)
  }
  answer(value: string) {
    this.put(() => this.node.setValue(value === '' ? null : value))
  }
}

function choicesOf(items: SelectNode['currentState']['valueOptions']): Choice[] {
  return items.map((item) => ({ value: item.value, label: textsIn(item.label) }))
}

class EngineSelectOne extends Asked<SelectNode> implements SelectOneQuestion {
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
}

class EngineSelectMultiple extends Asked<SelectNode> implements SelectMultipleQuestion {
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
}

class EngineNote extends Asked<AskedNode> implements NoteQuestion {
  readonly kind = 'note'
}

class EnginePicture extends Asked<UploadNode> implements PictureQuestion {
  readonly kind = ['signature', 'draw', 'annotate'].some((each) => this.appearances.has(each)) ? 'signature' : 'photo'
  get value() {
    return this.node.currentState.instanceValue
  }
  answer(attachment: string) {
    // The engine needs the name only. An empty name removes: `null` would bring back the name of a resumed draft.
    this.put(() => this.node.setValue(new File([], attachment)))
  }
}

class EnginePosition extends Asked<InputNode<'geopoint'>> implements PositionQuestion {
  readonly kind = 'position'
  get value(): Point | null {
    const at = this.node.currentState.value
    if (at === null) return null
    return { lat: at.latitude, lon: at.longitude, altitude_m: at.altitude, accuracy_m: at.accuracy }
  }
  answer(value: Point | null) {
    this.put(() =>
      this.node.setValue(
        value === null
          ? null
          : { latitude: value.lat, longitude: value.lon, altitude: value.altitude_m, accuracy: value.accuracy_m },
      ),
    )
  }
}

class EngineAcknowledge extends Asked<TriggerNode> implements AcknowledgeQuestion {
  readonly kind = 'acknowledge'
  get value() {
    return this.node.currentState.value
  }
  answer(value: boolean) {
    this.put(() => this.node.setValue(value))
  }
}

class EngineUnsupported extends Asked<AskedNode> implements UnsupportedQuestion {
  readonly kind = 'unsupported'
  readonly type: string
  constructor(node: AskedNode, type: string, answered: () => void) {
    super(node, answered)
    this.type = type
  }
}
