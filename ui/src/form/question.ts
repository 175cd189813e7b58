// What a form is made of, in our words: pages hold questions, sections and repeats. The engine stays behind
// `engine.ts`; components know only these types. All properties that can change while a form is filled are getters
// which Vue can follow.
import type { Texts } from './texts'

/** Why an answer cannot stay as it is. */
export interface Complaint {
  why: 'required' | 'constraint'
  /** What the form's author says about it. */
  message: Texts | null
}

interface Asked {
  /** Stable while the form is open. */
  readonly id: string
  /** The last step of its path: `present_count`. */
  readonly name: string
  /** Its path in the submission, repeats numbered. */
  readonly reference: string
  readonly appearances: ReadonlySet<string>
  readonly label: Texts
  readonly hint: Texts
  /** The picture beside the label (`jr://images/x.png`), for the host's `resource`; `null` if there is none. */
  readonly picture: string | null
  readonly relevant: boolean
  readonly required: boolean
  readonly readonly: boolean
  readonly answered: boolean
  readonly complaint: Complaint | null
}

export interface TextQuestion extends Asked {
  readonly kind: 'text'
  readonly value: string
  readonly multiline: boolean
  answer(value: string): void
}

export interface NumberQuestion extends Asked {
  readonly kind: 'number'
  readonly whole: boolean
  /** Decimal digits with a point; empty if not answered. */
  readonly value: string
  answer(value: string): void
}

export interface DateQuestion extends Asked {
  readonly kind: 'date'
  /** `2026-11-22`; empty if not answered. */
  readonly value: string
  /** The form takes no day after today. */
  readonly past: boolean
  answer(value: string): void
}

export interface TimeQuestion extends Asked {
  readonly kind: 'time'
  /** `14:05`; empty if not answered. */
  readonly value: string
  answer(value: string): void
}

/** A moment, in the time of where the tablet is. */
export interface MomentQuestion extends Asked {
  readonly kind: 'moment'
  /** `2026-11-22T14:05`; empty if not answered. */
  readonly value: string
  answer(value: string): void
}

/** A number between two others, in equal steps. */
export interface RangeQuestion extends Asked {
  readonly kind: 'range'
  readonly start: number
  readonly end: number
  readonly step: number
  readonly value: number | null
  answer(value: number | null): void
}

export interface Choice {
  readonly value: string
  readonly label: Texts
  /** Its picture (`jr://images/x.png`); `null` if there is none. */
  readonly picture: string | null
}

export interface SelectOneQuestion extends Asked {
  readonly kind: 'select_one'
  readonly choices: readonly Choice[]
  readonly value: string | null
  answer(value: string | null): void
}

export interface SelectMultipleQuestion extends Asked {
  readonly kind: 'select_multiple'
  readonly choices: readonly Choice[]
  readonly value: readonly string[]
  answer(values: readonly string[]): void
}

/** Choices to be put in an order. */
export interface RankQuestion extends Asked {
  readonly kind: 'rank'
  /** As the form lists them. */
  readonly choices: readonly Choice[]
  /** All choices from the first to the last; empty if not answered. */
  readonly value: readonly string[]
  answer(values: readonly string[]): void
}

export interface NoteQuestion extends Asked {
  readonly kind: 'note'
}

/** A file; the form holds only its name, the bytes are with the host. */
export interface FileQuestion extends Asked {
  readonly kind: 'photo' | 'signature' | 'drawing' | 'audio' | 'file'
  /** The attachment's name; empty if not answered. */
  readonly value: string
  answer(attachment: string): void
}

/** A point on earth, WGS-84. */
export interface Point {
  readonly lat: number
  readonly lon: number
  readonly altitude_m: number | null
  readonly accuracy_m: number | null
}

export interface PositionQuestion extends Asked {
  readonly kind: 'position'
  readonly value: Point | null
  answer(value: Point | null): void
}

/** A way walked or drawn, or the outline of an area. */
export interface LineQuestion extends Asked {
  readonly kind: 'line'
  /** Whether it is an outline; its last point then is not the first one again. */
  readonly closed: boolean
  /** How exact a point has to be, in metres. */
  readonly exact_m: number
  /** All points so far; too few of them are no answer yet, but are kept with the draft. */
  readonly value: readonly Point[]
  answer(points: readonly Point[]): void
}

/** What stands in a barcode. */
export interface BarcodeQuestion extends Asked {
  readonly kind: 'barcode'
  readonly value: string
  answer(value: string): void
}

export interface AcknowledgeQuestion extends Asked {
  readonly kind: 'acknowledge'
  readonly value: boolean
  answer(value: boolean): void
}

/** A question whose type has no component yet; its answer is kept as it is. */
export interface UnsupportedQuestion extends Asked {
  readonly kind: 'unsupported'
  /** The form's own word for the type: `range`, `audio/*` … */
  readonly type: string
}

export type Question =
  | TextQuestion
  | NumberQuestion
  | DateQuestion
  | TimeQuestion
  | MomentQuestion
  | RangeQuestion
  | RankQuestion
  | SelectOneQuestion
  | SelectMultipleQuestion
  | NoteQuestion
  | FileQuestion
  | PositionQuestion
  | LineQuestion
  | BarcodeQuestion
  | AcknowledgeQuestion
  | UnsupportedQuestion

/** Questions under one heading. */
export interface Section {
  readonly kind: 'section'
  readonly id: string
  readonly name: string
  readonly label: Texts
  readonly relevant: boolean
  /** Whether the form wants all of it on one page. */
  readonly fieldList: boolean
  readonly items: readonly Item[]
}

/** A section that may occur several times. */
export interface Repeat {
  readonly kind: 'repeat'
  readonly id: string
  readonly name: string
  readonly label: Texts
  readonly relevant: boolean
  readonly instances: readonly Section[]
  /** Whether the officer adds and removes instances; otherwise the form counts them. */
  readonly free: boolean
  add(): void
  /** Takes an instance out; calling what it answers brings it back with all its answers. */
  remove(index: number): () => void
}

export type Item = Question | Section | Repeat

export type QuestionKind = Question['kind']

/** A form that is being filled. */
export interface Filling {
  readonly items: readonly Item[]
  /** All answers as an ODK submission, as complete as they are now. */
  submission(): string
  /** The same to go on with later, with the answers to questions that are not asked at the moment. */
  draft(): string
}
