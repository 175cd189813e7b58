// Reading barcodes with what the browser itself can do; nothing is sent anywhere.

interface Detector {
  detect(image: ImageBitmapSource): Promise<{ rawValue: string }[]>
}

/** A reader of barcodes; `null` where the browser has none. */
export function barcodeReader(): Detector | null {
  const known = (window as { BarcodeDetector?: new () => Detector }).BarcodeDetector
  if (known === undefined) return null
  try {
    return new known()
  } catch {
    return null
  }
}

/** What stands in the first barcode of a picture; empty if none is found. */
export async function readBarcode(reader: Detector, image: ImageBitmapSource): Promise<string> {
  const found = await reader.detect(image).catch(() => [])
  return found[0]?.rawValue ?? ''
}
