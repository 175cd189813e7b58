// Pictures of the form itself (choices, labels), fetched once from the host and shown wherever they are asked for.
import { shallowRef, watch, type Ref } from 'vue'

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

/** An address for `<img>`; empty if there is none, `null` as long as that is not known. */
export function useResource(url: () => string | null, host: FormHost): Ref<string | null> {
  const address = shallowRef<string | null>(null)
  let latest = 0
  watch(
    url,
    (wanted) => {
      latest += 1
      const turn = latest
      address.value = wanted === null ? '' : null
      if (wanted === null) return
      void addressOf(host, wanted).then((found) => {
        if (turn === latest) address.value = found
      })
    },
    { immediate: true },
  )
  return address
}
