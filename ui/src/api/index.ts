// How the interface asks the tablet for something: one function, one list of commands, refusals as errors.
// Not here: what a refusal means to an officer (i18n/refusal.ts).
import { invoke } from '@tauri-apps/api/core'

import type { Commands } from './bindings/commands'
import type { Refusal } from './bindings/Refusal'

export type { Commands }
export type CommandName = keyof Commands
export type Request<K extends CommandName> = Commands[K]['request']
export type Answer<K extends CommandName> = Commands[K]['answer']

/** The tablet said no; `refusal` says why. */
export class Refused extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal, options?: ErrorOptions) {
    super(refusal.code, options)
    this.name = 'Refused'
    this.refusal = refusal
  }
}

/** Asks the tablet's core; throws `Refused` when it says no. */
export async function call<K extends CommandName>(name: K, request: Request<K>): Promise<Answer<K>> {
  const answer = inWindow() ? await throughWindow(name, request) : await throughLoopback(name, request)
  return answer as Answer<K>
}

/** What went wrong, as a refusal, whatever was thrown. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof Refused) return thrown.refusal
  return isRefusal(thrown) ? thrown : { code: 'unknown' }
}

function inWindow(): boolean {
  return '__TAURI_INTERNALS__' in window
}

async function throughWindow(name: CommandName, request: object): Promise<unknown> {
  try {
    return await invoke('call', { name, request })
  } catch (thrown) {
    throw new Refused(refusalOf(thrown), { cause: thrown })
  }
}

// A test host on loopback answers 200 with the answer or 422 with the refusal.
async function throughLoopback(name: CommandName, request: object): Promise<unknown> {
  const response = await fetch(`/call/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const body: unknown = await response.json()
  if (!response.ok) throw new Refused(refusalOf(body))
  return body
}

function isRefusal(thrown: unknown): thrown is Refusal {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string'
}
