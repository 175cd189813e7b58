// Which script a text is in, for setting it right.

const MONGOLIAN = /\p{Script=Mongolian}/u
// Chinese letters, punctuation and full-width signs; then figures of one or two digits that are not part of a longer number.
const APART =
  /([\u2E80-\u9FFF\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFFEF]+)|(?<![\p{L}\p{N}.,:/%-])(\p{Nd}{1,2})(?![\p{L}\p{N}.,:/%-])/u

/** A piece of a Mongolian text that is set in one way. */
export interface Run {
  text: string
  kind: 'script' | 'han' | 'figure'
}

/** Whether a text has Mongolian letters, among others or alone. */
export function hasMongolian(text: string): boolean {
  return MONGOLIAN.test(text)
}

/** A text parted where Chinese and short figures stand upright between the letters; nothing is lost or added. */
export function runsOf(text: string): Run[] {
  const pieces = text.split(new RegExp(APART, 'gu'))
  const runs: Run[] = []
  for (let at = 0; at < pieces.length; at += 3) {
    runs.push({ text: pieces[at] ?? '', kind: 'script' })
    runs.push({ text: pieces[at + 1] ?? '', kind: 'han' })
    runs.push({ text: pieces[at + 2] ?? '', kind: 'figure' })
  }
  return runs.filter((run) => run.text !== '')
}
