// A form host that keeps everything in memory and tells what it was given; for tests and the gallery.
import type { AttachmentView } from '@/api/bindings/AttachmentView'
import type { Fix } from '@/api/bindings/Fix'
import type { FormHost } from '@/form/host'

export interface MemoryHost extends FormHost {
  readonly saves: { xml: string; page: number }[]
  readonly files: Map<string, Blob>
  readonly finished: string[]
  /** Set to have the next calls fail. */
  failing: boolean
  fix: Fix | null
  /** Further fixes, each given once, before `fix`. */
  readonly way: Fix[]
  /** What stands behind the addresses of the form. */
  readonly resources: Map<string, Blob>
}

export function memoryHost(files: [string, Blob][] = []): MemoryHost {
  const host: MemoryHost = {
    saves: [],
    files: new Map(files),
    finished: [],
    failing: false,
    fix: null,
    way: [],
    resources: new Map(),
    save(xml, page) {
      if (host.failing) return Promise.reject(new Error('disk full'))
      host.saves.push({ xml, page })
      return Promise.resolve()
    },
    attach(name, mediaType, bytes) {
      if (host.failing) return Promise.reject(new Error('disk full'))
      host.files.set(name, bytes)
      const view = { name, hash: '0'.repeat(64), size_bytes: bytes.size, media_type: mediaType }
      return Promise.resolve(view as AttachmentView)
    },
    attachment(name) {
      const bytes = host.files.get(name)
      return bytes === undefined ? Promise.reject(new Error(`no ${name}`)) : Promise.resolve(bytes)
    },
    finish(xml) {
      if (host.failing) return Promise.reject(new Error('disk full'))
      host.finished.push(xml)
      return Promise.resolve(true)
    },
    resource: (url) => Promise.resolve(host.resources.get(url) ?? null),
    position: () => Promise.resolve(host.way.shift() ?? host.fix),
  }
  return host
}
