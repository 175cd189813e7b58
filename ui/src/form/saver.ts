// How a draft stays saved: the newest state always ends up with the host, at most one save is under way, and a save that
// failed is shown and tried again until it succeeds. What is saved is asked for only when a save begins, so that many
// keystrokes cost one submission.
import { shallowReactive } from 'vue'

export type SaveState = 'saved' | 'saving' | 'failed'

export interface Saver {
  readonly now: { state: SaveState }
  /** Tells that there is something new to save. */
  changed(): void
  /** Saves what is new without waiting; resolves when all is saved, rejects with the failure of its attempt. */
  flush(): Promise<void>
  /** Ends the waiting for further attempts; what is new is offered to the host once more. */
  close(): void
}

/** How long answers are gathered before they are saved: short enough to lose nothing, long enough for a fast typist. */
export const GATHER_MS = 120

const RETRY_MS = [500, 1_000, 2_000, 5_000]

/** Makes a saver of the given act. */
export function makeSaver(save: () => Promise<void>): Saver {
  const now = shallowReactive<{ state: SaveState }>({ state: 'saved' })
  let changes = 0
  let saved = 0
  let failures = 0
  let closed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let underway: Promise<void> | null = null

  function later(ms: number) {
    clearTimeout(timer)
    timer = closed ? undefined : setTimeout(() => void attempt().catch(() => undefined), ms)
  }

  function attempt(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    underway ??= run().finally(() => {
      underway = null
    })
    return underway
  }

  async function run(): Promise<void> {
    while (saved < changes) {
      const taken = changes
      if (now.state !== 'failed') now.state = 'saving'
      try {
        await save()
      } catch (failure) {
        now.state = 'failed'
        later(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 5_000)
        failures += 1
        throw failure
      }
      failures = 0
      saved = taken
      now.state = saved < changes ? 'saving' : 'saved'
    }
  }

  return {
    now,
    changed() {
      changes += 1
      if (underway === null && (timer === undefined || now.state === 'failed')) later(GATHER_MS)
    },
    async flush() {
      // A save under way took an older state and may fail for reasons of its own; the next attempt decides.
      if (underway !== null) await underway.catch(() => undefined)
      if (saved < changes) await attempt()
    },
    close() {
      if (saved < changes) void attempt().catch(() => undefined)
      closed = true
      clearTimeout(timer)
    },
  }
}
