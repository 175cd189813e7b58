// Which component asks which kind of question. A new kind needs a type in `question.ts`, a line in `engine.ts`, and one
// line and one file here.
import type { Component } from 'vue'

import type { Question, QuestionKind } from '../question'
import AcknowledgeAnswer from './AcknowledgeAnswer.vue'
import DateAnswer from './DateAnswer.vue'
import NoteAnswer from './NoteAnswer.vue'
import NumberAnswer from './NumberAnswer.vue'
import PhotoAnswer from './PhotoAnswer.vue'
import PositionAnswer from './PositionAnswer.vue'
import SelectMultipleAnswer from './SelectMultipleAnswer.vue'
import SelectOneAnswer from './SelectOneAnswer.vue'
import SignatureAnswer from './SignatureAnswer.vue'
import TextAnswer from './TextAnswer.vue'
import UnsupportedAnswer from './UnsupportedAnswer.vue'

const COMPONENTS: Record<QuestionKind, Component> = {
  text: TextAnswer,
  number: NumberAnswer,
  date: DateAnswer,
  select_one: SelectOneAnswer,
  select_multiple: SelectMultipleAnswer,
  note: NoteAnswer,
  photo: PhotoAnswer,
  signature: SignatureAnswer,
  position: PositionAnswer,
  acknowledge: AcknowledgeAnswer,
  unsupported: UnsupportedAnswer,
}

export function componentFor(question: Question): Component {
  return COMPONENTS[question.kind]
}
