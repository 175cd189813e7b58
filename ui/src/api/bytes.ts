// Bytes as they cross to the tablet's core: base64 there, blobs here.
import type { Bytes } from './bindings/Bytes'

/** The content of a file as base64, without the data-URL's head. */
export function toBase64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => {
      const url = typeof reader.result === 'string' ? reader.result : ''
      resolve(url.slice(url.indexOf(',') + 1))
    }
    reader.onerror = () => {
      reject(reader.error ?? new Error('The file cannot be read'))
    }
    reader.readAsDataURL(blob)
  })
}

export function toBlob(bytes: Bytes): Blob {
  const text = atob(bytes.bytes_base64)
  return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: bytes.media_type })
}
