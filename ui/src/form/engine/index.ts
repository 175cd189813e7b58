// The one room that knows `@getodk/xforms-engine`: it loads a form with all its languages, begins or resumes an answer,
// and shows the engine's nodes as the question types of `question.ts`. Nothing outside may import the engine.
import { loadForm } from '@getodk/xforms-engine'
import type { FormLanguage, InstanceData, RootNode } from '@getodk/xforms-engine'
import { markRaw, reactive } from 'vue'

import { partDraft, withHidden, type Hidden } from '../hidden'
import { ALL_LANGUAGES, withAllLanguages } from '../languages'
import type { Filling, Item } from '../question'
import { inChinese } from '../texts'
import { Asked, type AskedNode } from './node'
import { EngineLine } from './questions'
import { fetchFrom, withReachableLists, type Resource } from './resources'
import { itemsOf } from './tree'

/** Who fills the form, for the preloads `deviceid` and `username`. */
export interface Filler {
  device: string
  officer: string
}

export interface OpenOptions {
  /** A draft or submission to go on with; its instance id is kept. */
  submission: string | null
  /** Whether `submission` is finished and is to be changed: what is sent then has an id of its own and names the one before. */
  edits?: boolean
  filler: Filler
  /** Gives what the form reads from the tablet: lists, pictures, what was filled last. */
  resource?: Resource
  /** Gives the tablet's position as `lat lon altitude accuracy` to forms that take it by themselves; empty if unknown. */
  location?: () => Promise<string>
  /** Called after every answer. */
  answered: () => void
}

/** Loads a form and begins an answer, or goes on with one. Throws with the engine's words if either cannot be done. */
export async function openFilling(xform: string, options: OpenOptions): Promise<Filling> {
  const merged = withAllLanguages(xform)
  const form = await loadForm(withReachableLists(merged.xml), {
    fetchFormAttachment: fetchFrom(options.resource),
    // A list that is not on the tablet is an empty list; the rest of the form can be filled.
    missingResourceBehavior: 'BLANK',
  })
  if (form.status === 'failure') throw new Error(form.error.message, { cause: form.error })
  const config = {
    stateFactory: reactive,
    preloadProperties: { deviceID: options.filler.device, username: options.filler.officer },
    // The host names attachments; the engine keeps the names as they are.
    ...(options.location === undefined ? {} : { geolocationProvider: { getLocation: options.location } }),
    instanceAttachments: { fileNameFactory: (file: FileName) => file.basename + (file.extension ?? '') },
  }
  if (options.submission === null) {
    const { root } = form.createInstance(config)
    return new EngineFilling(root, merged.chinese, changesWithLanguage(xform), options.answered)
  }
  const { submission, hidden } = partDraft(options.submission)
  const data = [submissionData(submission)] as const
  const { root } =
    options.edits === true
      ? await form.editInstance({ inputType: 'FORM_INSTANCE_INPUT_RESOLVED', data }, config)
      : await form.restoreInstance({ data }, config)
  const filling = new EngineFilling(root, merged.chinese, changesWithLanguage(xform), options.answered)
  filling.recall(hidden)
  filling.deprecates(submission)
  return filling
}

const INSTANCE_ID = /<((?:\w+:)?)instanceID>[^<]*<\/(?:\w+:)?instanceID>/
const DEPRECATED_ID = /<(?:\w+:)?deprecatedID>([^<]*)</

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

/** Begins what was begun and is no answer yet; no answer can hold this sign. */
const BEGUN = '\u0000'

/** Whether answers may hold words of the shown language, so that it must be Chinese while the submission is written. */
function changesWithLanguage(xform: string): boolean {
  return /jr:choice-name\s*\(|calculate="[^"]*jr:itext\s*\(/.test(xform)
}

class EngineFilling implements Filling {
  readonly items: readonly Item[]
  readonly #root: RootNode
  readonly #shown: FormLanguage | null
  readonly #written: FormLanguage | null
  /** The id that the engine forgets when a draft that changes a finished form is opened again. */
  #deprecated: string | null = null

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
      return this.#withDeprecated(inChinese(this.#root.instanceState.instanceXML))
    } finally {
      if (this.#written !== null && this.#shown !== null) this.#root.setLanguage(this.#shown)
    }
  }

  /** Goes on naming the finished form that `submission` changes. */
  deprecates(submission: string): void {
    this.#deprecated = DEPRECATED_ID.exec(submission)?.[1] ?? null
  }

  #withDeprecated(xml: string): string {
    const id = this.#deprecated
    if (id === null || DEPRECATED_ID.test(xml)) return xml
    return xml.replace(INSTANCE_ID, (own, prefix: string) => `${own}<${prefix}deprecatedID>${id}</${prefix}deprecatedID>`)
  }

  draft(): string {
    const hidden: Record<string, string> = {}
    for (const question of this.#questions(this.items)) {
      if (question.unfinished !== '') hidden[question.reference] = BEGUN + question.unfinished
      else if (!question.relevant && question.given !== '') hidden[question.reference] = question.given
    }
    return withHidden(this.submission(), hidden)
  }

  /** Gives answers back to questions that are not asked at the moment, and what was begun to those that are. */
  recall(hidden: Hidden): void {
    for (const question of this.#questions(this.items)) {
      const answer = hidden[question.reference]
      if (answer === undefined) continue
      if (!answer.startsWith(BEGUN)) {
        if (!question.relevant) question.recall(answer)
      } else if (question instanceof EngineLine) {
        question.takeUp(answer.slice(BEGUN.length))
      }
    }
  }

  *#questions(items: readonly Item[]): Generator<Asked<AskedNode>> {
    for (const item of items) {
      if (item.kind === 'section') yield* this.#questions(item.items)
      else if (item.kind === 'repeat') yield* this.#questions(item.instances)
      else if (item instanceof Asked) yield item as Asked<AskedNode>
    }
  }
}

function languageNamed(root: RootNode, name: string): FormLanguage | null {
  for (const each of root.languages) if (each.isSyntheticDefault !== true && each.language === name) return each
  return null
}
