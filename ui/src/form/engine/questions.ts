// The kinds of question over the engine's nodes. A new kind needs a class here and a line in `tree.ts`.
import type { AnyRangeNode, InputNode, TriggerNode, UploadNode } from '@getodk/xforms-engine'
import { shallowRef } from 'vue'

import { localMinute, withZone } from '../clock'
import type {
  AcknowledgeQuestion,
  BarcodeQuestion,
  DateQuestion,
  FileQuestion,
  LineQuestion,
  MomentQuestion,
  NoteQuestion,
  NumberQuestion,
  Point,
  PositionQuestion,
  RangeQuestion,
  TextQuestion,
  TimeQuestion,
  UnsupportedQuestion,
} from '../question'
import { PART } from '../texts'
import { Asked, type AskedNode } from './node'

export class EngineText extends Asked<InputNode<'string'>> implements TextQuestion {
  readonly kind = 'text'
  get value() {
    return this.node.currentState.value
  }
  get multiline() {
    return this.appearances.has('multiline') || (this.node.nodeOptions.rows ?? 1) > 1
  }
  answer(value: string) {
    const text = fitForXml(value)
    this.put(() => this.node.setValue(text))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

/** Takes out what XML 1.0 cannot hold (it would make the whole submission unreadable), the sign that parts the languages
 * on the screen, and nothing else. */
function fitForXml(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '')
    .replaceAll(PART, '')
    .replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '')
}

export class EngineNumber extends Asked<InputNode<'int'> | InputNode<'decimal'>> implements NumberQuestion {
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
  protected write(given: string) {
    if (given === '') this.node.setValue(null)
    else if (this.node.valueType === 'int') this.node.setValue(BigInt(given))
    else this.node.setValue(Number(given))
  }
}

export class EngineDate extends Asked<InputNode<'date'>> implements DateQuestion {
  readonly kind = 'date'
  get value() {
    return this.node.currentState.instanceValue.slice(0, 10)
  }
  get past() {
    return /^\s*\.\s*<=?\s*today\(\)\s*$/.test(this.node.definition.bind.constraint.expression)
  }
  answer(value: string) {
    this.put(() => this.node.setValue(value === '' ? null : value))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

export class EngineTime extends Asked<InputNode<'time'>> implements TimeQuestion {
  readonly kind = 'time'
  get value() {
    return this.node.currentState.instanceValue.slice(0, 5)
  }
  answer(value: string) {
    this.put(() => this.node.setValue(value === '' ? null : withZone(`${value}:00.000`, new Date())))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

export class EngineMoment extends Asked<InputNode<'dateTime'>> implements MomentQuestion {
  readonly kind = 'moment'
  get value() {
    const given = this.node.currentState.instanceValue
    return /(Z|[+-]\d\d:?\d\d)$/.test(given) ? localMinute(given) : given.slice(0, 16)
  }
  answer(value: string) {
    this.put(() => this.node.setValue(value === '' ? null : withZone(`${value}:00.000`, new Date(value))))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

export class EngineRange extends Asked<AnyRangeNode> implements RangeQuestion {
  readonly kind = 'range'
  get start() {
    return Number(this.node.definition.bounds.start)
  }
  get end() {
    return Number(this.node.definition.bounds.end)
  }
  get step() {
    return Number(this.node.definition.bounds.step)
  }
  get value() {
    const given = this.node.currentState.instanceValue
    return given === '' ? null : Number(given)
  }
  answer(value: number | null) {
    this.put(() => {
      this.write(value === null ? '' : String(value))
    })
  }
  protected write(given: string) {
    const node = this.node
    if (node.valueType === 'int') node.setValue(given === '' ? null : BigInt(given))
    else node.setValue(given === '' ? null : Number(given))
  }
}

export class EngineNote extends Asked<AskedNode> implements NoteQuestion {
  readonly kind = 'note'
  protected write() {
    // Nothing is answered here.
  }
}

export class EngineFile extends Asked<UploadNode> implements FileQuestion {
  readonly kind: FileQuestion['kind']
  constructor(node: UploadNode, kind: FileQuestion['kind'], answered: () => void) {
    super(node, answered)
    this.kind = kind
  }
  get value() {
    return this.node.currentState.instanceValue
  }
  answer(attachment: string) {
    // The engine needs the name only. An empty name removes: `null` would bring back the name of a resumed draft.
    this.put(() => {
      this.write(attachment)
    })
  }
  protected write(given: string) {
    this.node.setValue(new File([], given))
  }
}

/** How exact a receiver should be if the form does not say. */
const EXACT_M = 15

type Location = NonNullable<InputNode<'geopoint'>['currentState']['value']>

function pointOf(at: Location): Point {
  return { lat: at.latitude, lon: at.longitude, altitude_m: at.altitude, accuracy_m: at.accuracy }
}

function locationOf(at: Point): Location {
  return { latitude: at.lat, longitude: at.lon, altitude: at.altitude_m, accuracy: at.accuracy_m }
}

function pointText({ lat, lon, altitude_m, accuracy_m }: Point): string {
  return [lat, lon, altitude_m ?? '-', accuracy_m ?? '-'].join(' ')
}

function pointIn(text: string): Point | null {
  const [lat, lon, altitude_m, accuracy_m] = text.split(' ').map((part) => (part === '-' ? null : Number(part)))
  if (lat == null || lon == null || Number.isNaN(lat) || Number.isNaN(lon)) return null
  return { lat, lon, altitude_m: altitude_m ?? null, accuracy_m: accuracy_m ?? null }
}

export class EnginePosition extends Asked<InputNode<'geopoint'>> implements PositionQuestion {
  readonly kind = 'position'
  get value(): Point | null {
    const at = this.node.currentState.value
    return at === null ? null : pointOf(at)
  }
  answer(value: Point | null) {
    this.put(() => this.node.setValue(value === null ? null : locationOf(value)))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

export class EngineLine extends Asked<InputNode<'geotrace'> | InputNode<'geoshape'>> implements LineQuestion {
  readonly kind = 'line'
  get closed() {
    return this.node.valueType === 'geoshape'
  }
  get exact_m() {
    return this.node.definition.bodyElement.accuracyThreshold ?? EXACT_M
  }
  // The engine knows no line of too few points; somebody who walks has them nevertheless.
  readonly #begun = shallowRef<readonly Point[]>([])

  get value(): readonly Point[] {
    const points = this.node.currentState.value
    if (points === null) return this.#begun.value
    return (this.closed ? points.slice(0, -1) : points).map(pointOf)
  }
  override get unfinished() {
    return this.answered ? '' : this.#begun.value.map(pointText).join(';')
  }
  /** Goes on with what `unfinished` was in an earlier session. */
  takeUp(unfinished: string) {
    this.#begun.value = unfinished.split(';').flatMap((text) => pointIn(text) ?? [])
  }
  answer(points: readonly Point[]) {
    const first = points[0]
    const whole = this.closed && first !== undefined ? [...points, first] : points
    const enough = points.length >= (this.closed ? 3 : 2)
    this.put(() => {
      this.#begun.value = enough ? [] : points
      this.node.setValue(enough ? whole.map(locationOf) : null)
    })
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

export class EngineBarcode extends Asked<InputNode<'barcode'>> implements BarcodeQuestion {
  readonly kind = 'barcode'
  get value() {
    return this.node.currentState.value
  }
  answer(value: string) {
    this.put(() => this.node.setValue(fitForXml(value)))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

export class EngineAcknowledge extends Asked<TriggerNode> implements AcknowledgeQuestion {
  readonly kind = 'acknowledge'
  get value() {
    return this.node.currentState.value
  }
  answer(value: boolean) {
    this.put(() => this.node.setValue(value))
  }
  protected write(given: string) {
    this.node.setValue(given === 'OK')
  }
}

export class EngineUnsupported extends Asked<AskedNode> implements UnsupportedQuestion {
  readonly kind = 'unsupported'
  readonly type: string
  constructor(node: AskedNode, type: string, answered: () => void) {
    super(node, answered)
    this.type = type
  }
  protected write() {
    // Nothing is answered here.
  }
}
