// How answers survive that are not asked for at the moment. A submission leaves them out, as it must; a draft carries them
// in a comment behind it, so that a slip of the finger and an empty battery together lose nothing that was typed.

/** Answers by the path of their question. */
export type Hidden = Readonly<Record<string, string>>

const MARK = 'not asked now: '

/** A draft: the submission, and behind it what it leaves out. */
export function withHidden(submission: string, hidden: Hidden): string {
  if (Object.keys(hidden).length === 0) return submission
  // A comment may hold no two hyphens in a row.
  return `${submission}<!--${MARK}${encodeURIComponent(JSON.stringify(hidden)).replaceAll('-', '%2D')}-->`
}

/** Reads a draft; a draft without such a comment hides nothing. */
export function partDraft(draft: string): { submission: string; hidden: Hidden } {
  const begin = draft.lastIndexOf(`<!--${MARK}`)
  if (begin < 0 || !draft.endsWith('-->')) return { submission: draft, hidden: {} }
  const submission = draft.slice(0, begin)
  try {
    const read: unknown = JSON.parse(decodeURIComponent(draft.slice(begin + 4 + MARK.length, -3)))
    const entries = typeof read === 'object' && read !== null ? Object.entries(read) : []
    return { submission, hidden: Object.fromEntries(entries.filter(([, answer]) => typeof answer === 'string')) }
  } catch {
    return { submission, hidden: {} }
  }
}
