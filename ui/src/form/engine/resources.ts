// What a form reads from outside of itself: lists, and the answers filled last. The tablet gives the bytes; here they get
// the shape in which the engine takes them.
import { MERGED_LABEL, withMergedLabels } from '../lists'

/** The bytes behind a `jr://` address; `null` if there are none. */
export type Resource = (url: string) => Promise<Blob | null>

const LAST_SAVED = 'jr://instance/last-saved'
// The engine answers for its own address of the last answers itself: that there are none.
const LAST_SAVED_READ = 'jr://file/last-saved.xml'

/** Lets lists show their merged label, and makes the last answers an instance that is read like any other. */
export function withReachableLists(xml: string): string {
  const doc = new DOMParser().parseFromString(xml, 'text/xml')
  const lists = new Set<string>()
  let changed = false
  for (const instance of doc.getElementsByTagName('instance')) {
    const src = instance.getAttribute('src')
    if (src === LAST_SAVED) {
      instance.setAttribute('src', LAST_SAVED_READ)
      changed = true
    } else if (src?.endsWith('.csv') === true) {
      lists.add(instance.getAttribute('id') ?? '')
    }
  }
  for (const itemset of doc.getElementsByTagName('itemset')) {
    const list = /^(?:randomize\()?\s*instance\('([^']+)'\)/.exec(itemset.getAttribute('nodeset') ?? '')?.[1]
    const label = [...itemset.children].find((child) => child.localName === 'label')
    if (list === undefined || !lists.has(list) || label?.getAttribute('ref') !== 'label') continue
    label.setAttribute('ref', MERGED_LABEL)
    changed = true
  }
  return changed ? new XMLSerializer().serializeToString(doc) : xml
}

/** Answers the engine as a server would. */
export function fetchFrom(resource: Resource | undefined): (url: URL) => Promise<Response> {
  return async (url) => {
    const wanted = url.href === LAST_SAVED_READ ? LAST_SAVED : url.href
    const bytes = (await resource?.(wanted).catch(() => null)) ?? null
    const text = bytes === null ? '' : readable(wanted, await bytes.text())
    // An empty file is an empty list; the engine would refuse the whole form.
    return text.trim() === '' ? new Response(null, { status: 404 }) : new Response(text)
  }
}

function readable(url: string, text: string): string {
  if (url === LAST_SAVED) return text.replace(/^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?/, '').replace(/<!--[^]*?-->/g, '')
  return url.endsWith('.csv') ? withMergedLabels(text) : text
}
