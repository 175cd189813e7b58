// Which answers stand on the slip that a household keeps: what was talked about and what was agreed. What an officer
// judged (an outcome, a grade, a score) is never on it, nor what was answered by others in a repeat.
import type { AnswerLine, FilledLine } from '@/i18n/filled'

const TALKED: ReadonlySet<string> = new Set([
  'topics', 'fraud_app', 'opinions', 'opinion_title', 'opinion', 'hazards', 'hazard_title', 'hazard_note', 'promised',
  'work_done', 'done_on', 'service_kind', 'service_item', 'service_note', 'subject', 'steps', 'bulletin', 'answer',
])

const AGREED: ReadonlySet<string> = new Set([
  'follow_up', 'follow_up_by', 'follow_up_note', 'again', 'again_on', 'agreement', 'perform_by', 'return_on', 'next_on',
  'first_date', 'first_time', 'who_corrects', 'remedies', 'deadline', 'new_deadline', 'papers', 'where', 'appointed_on',
  'appointed_at', 'who_does', 'answerer', 'answerer_name', 'answer_by', 'publish', 'remains', 'next_date',
])

export interface SlipLines {
  talked: AnswerLine[]
  agreed: AnswerLine[]
  /** Everything that is recorded and was asked once, to be named. */
  recorded: AnswerLine[]
}

export function slipOf(lines: readonly FilledLine[]): SlipLines {
  const once = lines.filter((line) => line.kind === 'answer')
  return {
    talked: once.filter(({ name }) => TALKED.has(lastOf(name))),
    agreed: once.filter(({ name }) => AGREED.has(lastOf(name))),
    recorded: once,
  }
}

// A form that is not here has the paths of its questions instead of their names.
function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}
