// Which component asks which kind of question. A new kind needs a type in `question.ts`, a line in `engine.ts`, and one
// line and one file here.
import type { Component } from 'vue'

import type { Question, QuestionKind } from '../question'
import AcknowledgeAnswer from './AcknowledgeAnswer.vue'
import AudioAnswer from './AudioAnswer.vue'
import BarcodeAnswer from './BarcodeAnswer.vue'
import DateAnswer from './DateAnswer.vue'
import DrawingAnswer from './DrawingAnswer.vue'
import FileAnswer from './FileAnswer.vue'
import LineAnswer from './LineAnswer.vue'
import MomentAnswer from './MomentAnswer.vue'
import NoteAnswer from './NoteAnswer.vue'
import NumberAnswer from './NumberAnswer.vue'
import PhotoAnswer from './PhotoAnswer.vue'
import PositionAnswer from './PositionAnswer.vue'
import RangeAnswer from './RangeAnswer.vue'
import RankAnswer from './RankAnswer.vue'
import SelectMultipleAnswer from './SelectMultipleAnswer.vue'
import SelectOneAnswer from './SelectOneAnswer.vue'
import SignatureAnswer from './SignatureAnswer.vue'
import TextAnswer from './TextAnswer.vue'
import TimeAnswer from './TimeAnswer.vue'
import UnsupportedAnswer from './UnsupportedAnswer.vue'

const COMPONENTS: Record<QuestionKind, Component> = {
  text: TextAnswer,
  number: NumberAnswer,
  date: DateAnswer,
  time: TimeAnswer,
  moment: MomentAnswer,
  range: RangeAnswer,
  rank: RankAnswer,
  select_one: SelectOneAnswer,
  select_multiple: SelectMultipleAnswer,
  note: NoteAnswer,
  photo: PhotoAnswer,
  signature: SignatureAnswer,
  drawing: DrawingAnswer,
  audio: AudioAnswer,
  file: FileAnswer,
  position: PositionAnswer,
  line: LineAnswer,
  barcode: BarcodeAnswer,
  acknowledge: AcknowledgeAnswer,
  unsupported: UnsupportedAnswer,
}

export function componentFor(question: Question): Component {
  return COMPONENTS[question.kind]
}
