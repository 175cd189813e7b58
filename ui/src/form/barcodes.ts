// Reading barcodes from pictures, on the tablet itself: the engines of tablets have no reader of their own.
import type * as zxing from 'zxing-wasm/reader'
import address from 'zxing-wasm/reader/zxing_reader.wasm?url'

/** A picture of the camera is looked at no larger than this, along its longer side. */
const LOOK_PX = 1280

type Reading = typeof zxing

let reading: Promise<Reading> | undefined

// A megabyte that only those load who read a barcode.
function reader(): Promise<Reading> {
  reading ??= import('zxing-wasm/reader').then((module) => {
    module.prepareZXingModule({
      overrides: { locateFile: (file: string, folder: string) => (file.endsWith('.wasm') ? address : folder + file) },
    })
    return module
  })
  return reading
}

/** What stands in a barcode of a picture; empty if none is found. */
export async function readBarcode(picture: Blob | ImageData): Promise<string> {
  try {
    const { readBarcodes } = await reader()
    const found = await readBarcodes(picture, { tryHarder: true, maxNumberOfSymbols: 1 })
    return found.find(({ isValid }) => isValid)?.text ?? ''
  } catch {
    return ''
  }
}

/** What the camera shows now. */
export function glance(video: HTMLVideoElement): ImageData | null {
  const { videoWidth, videoHeight } = video
  const scale = Math.min(1, LOOK_PX / Math.max(videoWidth, videoHeight))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(videoWidth * scale)
  canvas.height = Math.round(videoHeight * scale)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null || canvas.width === 0) return null
  context.drawImage(video, 0, 0, canvas.width, canvas.height)
  return context.getImageData(0, 0, canvas.width, canvas.height)
}
