// How tall the Mongolian of a piece of paper is: as short as it can be while its columns fit beside the Chinese.
import { columnsOf, longestWord } from '@/form/columns'

/** A column lower than this breaks after every word. */
const LEAST_EM = 5
/** Figures that stand upright take a little more than is measured. */
const SLACK_EM = 0.6

/**
 * The height in em at which the texts, each beginning a column of its own, take no more than `most` columns; never more
 * than `tallest`, beyond which a page would cut them: a text as long as that takes the room of the Chinese instead.
 */
export function blockHeight(texts: readonly string[], most: number, tallest: number): number {
  const allowed = Math.max(most, texts.length + 1)
  let height = Math.max(LEAST_EM, ...texts.map(longestWord))
  const taken = () => texts.reduce((sum, text) => sum + columnsOf(text, height), 0)
  while (taken() > allowed && height < tallest) height += 0.5
  return Math.round((height + SLACK_EM) * 100) / 100
}
