export interface Read {
  pages: number
  /** Of the first page. */
  widthMm: number
  heightMm: number
  text: string
  /** How far the text reaches over the edges of its page, in points; 0 if nothing is cut. */
  over: number
}

/** Reads a PDF file and draws its first page into a PNG file. */
export function readPdf(bytes: Uint8Array, picture: string): Promise<Read>
