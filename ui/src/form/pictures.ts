// How files (photos, signatures, recordings) reach the host and are seen again. A file that could not be kept yet stays in memory and
// is offered again, also while another page is open; only when it is kept does the question hold its name.
import { onUnmounted, ref, shallowReactive, watch, type Ref } from 'vue'

import type { Asking } from './asking'
import type { FormHost } from './host'
import type { FileQuestion } from './question'
import { makeSaver, type SaveState } from './saver'

export interface Keeper {
  readonly now: { readonly state: SaveState }
  /**
   * Keeps this picture as the answer under a name of `pictureName`. It is asked for when the host is ready; `null` if
   * there is nothing to keep after all.
   */
  keep(name: string, take: () => Promise<Blob | null>): void
  /** Forgets a picture that cannot be kept. */
  giveUp(): void
}

const keepers = new WeakMap<FileQuestion, Keeper>()

/** The keeper of a question; it outlives the component that draws the question. */
export function keeperOf(question: FileQuestion, asking: Asking): Keeper {
  const known = keepers.get(question)
  if (known !== undefined) return known
  let waiting: { name: string; take: () => Promise<Blob | null> } | null = null
  const saver = makeSaver(async () => {
    const offered = waiting
    if (offered === null) return
    const picture = await offered.take()
    if (picture === null) return
    const type = plainType(picture.type)
    const kept = await asking.host.attach(`${offered.name}.${ENDINGS[type] ?? 'bin'}`, type, picture)
    // Meanwhile a newer one may have come, which is kept next, or the picture may have been removed.
    if (waiting !== offered) return
    waiting = null
    question.answer(kept.name)
  })
  asking.track(saver)
  const keeper: Keeper = {
    now: saver.now,
    keep(name, take) {
      waiting = { name, take }
      saver.changed()
    },
    giveUp() {
      waiting = null
      saver.changed()
    },
  }
  keepers.set(question, keeper)
  return keeper
}

/** What the tablet keeps, and how its files end. */
export const ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'audio/webm': 'webm',
  'audio/ogg': 'ogg',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/wav': 'wav',
  'application/pdf': 'pdf',
}

/** The largest file that the tablet keeps; pictures are scaled before. */
export const LARGEST_FILE_BYTES = 8 * 1024 * 1024

/** A media type without its codecs, under its usual name. */
export function plainType(type: string): string {
  const plain = (type.split(';')[0] ?? '').trim().toLowerCase()
  if (plain === 'audio/x-wav' || plain === 'audio/wave') return 'audio/wav'
  if (plain === 'audio/x-m4a' || plain === 'audio/m4a') return 'audio/mp4'
  return plain === 'audio/mp3' ? 'audio/mpeg' : plain
}

let named = 0

/** A name without its ending, never the same twice: a file is let go only once the next one is kept. */
export function pictureName(question: FileQuestion): string {
  named += 1
  return `${question.name}-${Date.now().toString(36)}${named.toString(36)}`
}

/** What the host is able to keep; larger pictures and other formats are drawn anew. */
const LARGEST_BYTES = 12 * 1024 * 1024
const LONGEST_EDGE = 2560

/** The picture as it is if the host can keep it, else scaled and as JPEG. Rejects if it is no picture. */
export async function fitPicture(picture: Blob): Promise<Blob> {
  const known = picture.type === 'image/jpeg' || picture.type === 'image/png'
  if (known && picture.size <= LARGEST_BYTES) return picture
  const drawn = await createImageBitmap(picture)
  const scale = Math.min(1, LONGEST_EDGE / Math.max(drawn.width, drawn.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(drawn.width * scale)
  canvas.height = Math.round(drawn.height * scale)
  canvas.getContext('2d')?.drawImage(drawn, 0, 0, canvas.width, canvas.height)
  drawn.close()
  const scaled = await blobOf(canvas, 'image/jpeg')
  if (scaled === null) throw new Error('The picture could not be scaled')
  return scaled
}

export function blobOf(canvas: HTMLCanvasElement, type: 'image/jpeg' | 'image/png'): Promise<Blob | null> {
  return new Promise((resolve) => {
    canvas.toBlob(resolve, type, 0.9)
  })
}

export interface Shown {
  /** An address for `<img>`; empty while there is nothing to show. */
  url: string
  /** Whether the host could not give the picture. */
  gone: boolean
}

/** Follows an attachment's name with an address at which its bytes can be seen. */
export function useShown(name: () => string, host: FormHost): Shown {
  const shown = shallowReactive<Shown>({ url: '', gone: false })
  let latest = 0

  function show(bytes: Blob | null) {
    if (shown.url !== '') URL.revokeObjectURL(shown.url)
    shown.url = bytes === null ? '' : URL.createObjectURL(bytes)
  }

  watch(
    name,
    async (wanted) => {
      latest += 1
      const turn = latest
      shown.gone = false
      if (wanted === '') {
        show(null)
        return
      }
      const bytes = await host.attachment(wanted).catch(() => null)
      if (turn !== latest) return
      show(bytes)
      shown.gone = bytes === null
    },
    { immediate: true },
  )
  onUnmounted(() => {
    latest += 1
    show(null)
  })
  return shown
}

/** An address for bytes that are not with the host yet. */
export function useLocalUrl(): { url: Ref<string>; show: (bytes: Blob | null) => void } {
  const url = ref('')
  function show(bytes: Blob | null) {
    if (url.value !== '') URL.revokeObjectURL(url.value)
    url.value = bytes === null ? '' : URL.createObjectURL(bytes)
  }
  onUnmounted(() => {
    show(null)
  })
  return { url, show }
}
