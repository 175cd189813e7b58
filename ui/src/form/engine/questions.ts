// The kinds of question over the engine's nodes. A new kind needs a class here and a line in `tree.ts`.
import type { InputNode, SelectNode, TriggerNode, UploadNode } from '@getodk/xforms-engine'

import type {
  AcknowledgeQuestion,
  Choice,
  DateQuestion,
  NoteQuestion,
  NumberQuestion,
  PictureQuestion,
  Point,
  PositionQuestion,
  SelectMultipleQuestion,
  SelectOneQuestion,
  TextQuestion,
  UnsupportedQuestion,
} from '../question'
import { Asked, textsIn, type AskedNode } from './node'

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

/** Takes out what XML 1.0 cannot hold (it would make the whole submission unreadable), and nothing else. */
function fitForXml(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g, '')
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
    if (this.node.valueType === 'int') this.node.setValue(BigInt(given))
    else this.node.setValue(Number(given))
  }
}

export class EngineDate extends Asked<InputNode<'date'>> implements DateQuestion {
  readonly kind = 'date'
  get value() {
    return this.node.currentState.instanceValue.slice(0, 10)
  }
  answer(value: string) {
    this.put(() => this.node.setValue(value === '' ? null : value))
  }
  protected write(given: string) {
    this.node.setValue(given)
  }
}

function choicesOf(items: SelectNode['currentState']['valueOptions']): Choice[] {
  return items.map((item) => ({ value: item.value, label: textsIn(item.label) }))
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

export class EngineNote extends Asked<AskedNode> implements NoteQuestion {
  readonly kind = 'note'
  protected write() {
    // Nothing is answered here.
  }
}

export class EnginePicture extends Asked<UploadNode> implements PictureQuestion {
  readonly kind = ['signature', 'draw', 'annotate'].some((each) => this.appearances.has(each)) ? 'signature' : 'photo'
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

export class EnginePosition extends Asked<InputNode<'geopoint'>> implements PositionQuestion {
  readonly kind = 'position'
  get value(): Point | null {
    const at = this.node.currentState.value
    if (at === null) return null
    return { lat: at.latitude, lon: at.longitude, altitude_m: at.altitude, accuracy_m: at.accuracy }
  }
  answer(value: Point | null) {
    const node = this.node
    if (value === null) {
      this.put(() => node.setValue(null))
      return
    }
    const point = { latitude: value.lat, longitude: value.lon, altitude: value.altitude_m, accuracy: value.accuracy_m }
    this.put(() => node.setValue(point))
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
