// All answers of a part of a form, to be given back when that part was taken out by mistake.
import type { Item, Repeat, Section } from '../question'
import { Asked, type AskedNode } from './node'

/** The answers of a section: those of its questions and sections by name, of its repeats one by one. */
interface Answers {
  readonly given: ReadonlyMap<string, string>
  readonly sections: ReadonlyMap<string, Answers>
  readonly repeats: ReadonlyMap<string, readonly Answers[]>
}

/** Reads the answers of a section, also to questions that are not asked at the moment. */
export function answersIn(section: Section): Answers {
  const given = new Map<string, string>()
  const sections = new Map<string, Answers>()
  const repeats = new Map<string, Answers[]>()
  for (const item of section.items) {
    if (item.kind === 'section') sections.set(item.name, answersIn(item))
    else if (item.kind === 'repeat') repeats.set(item.name, item.instances.map(answersIn))
    else if (isAsked(item)) given.set(item.name, item.given)
  }
  return { given, sections, repeats }
}

/** Writes answers into a section of the same make, in the order of the form. */
export function giveBack(section: Section, answers: Answers): void {
  for (const item of section.items) {
    if (item.kind === 'section') {
      const below = answers.sections.get(item.name)
      if (below !== undefined) giveBack(item, below)
    } else if (item.kind === 'repeat') {
      refill(item, answers.repeats.get(item.name) ?? [])
    } else if (isAsked(item)) {
      const given = answers.given.get(item.name) ?? ''
      if (given !== item.given) item.recall(given)
    }
  }
}

function refill(repeat: Repeat, answers: readonly Answers[]): void {
  while (repeat.free && repeat.instances.length < answers.length) repeat.add()
  answers.forEach((below, index) => {
    const instance = repeat.instances[index]
    if (instance !== undefined) giveBack(instance, below)
  })
}

function isAsked(item: Item): item is Item & Asked<AskedNode> {
  return item instanceof Asked
}
