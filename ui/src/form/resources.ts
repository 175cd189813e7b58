// Pictures of the form itself (choices, labels), fetched once from the host and shown wherever they are asked for.
import { shallowRef, watchEffect, type Ref } from 'vue'

import type { FormHost } from './host'

const fetched = new WeakMap<FormHost, Map<string, Promise<string>>>()

function addressOf(host: FormHost, url: string): Promise<string> {
  const known = fetched.get(host) ?? new Map<string, Promise<string>>()
  fetched.set(host, known)
  const before = known.get(url)
  if (before !== undefined) return before
  const address = host
    .resource(url)
    .then((bytes) => (bytes === null ? '' : URL.createObjectURL(bytes)))
    .catch(() => '')
  known.set(url, address)
  return address
}

/** An address for `<img>`; empty while there is none. */
export function useResource(url: () => string | null, host: FormHost): Ref<string> {
  const address = shallowRef('')
  watchEffect(async (cleanUp) => {
    let over = false
    cleanUp(() => {
      over = true
    })
    const wanted = url()
    const found = wanted === null ? '' : await addressOf(host, wanted)
    if (!over) address.value = found
  })
  return address
}
