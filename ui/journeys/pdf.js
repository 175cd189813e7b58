// Reads a PDF file and draws its first page, without a browser. As a program: `node pdf.js FILE PICTURE` prints what it read
// as JSON and writes the picture.
import { readFile, writeFile } from 'node:fs/promises'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'

const MM_PER_POINT = 25.4 / 72

export async function readPdf(bytes, picture) {
  const opening = getDocument({ data: bytes, verbosity: 0 })
  const pdf = await opening.promise
  let text = ''
  let over = 0
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number)
    const [, , width = 0, height = 0] = page.view
    for (const item of (await page.getTextContent()).items) {
      if (!('str' in item)) continue
      text += item.str
      if (item.str.trim() === '') continue
      const [across = 0, down = 0, , , x = 0, y = 0] = item.transform
      const scale = Math.hypot(across, down) || 1
      const ends = [[x, y], [x + (item.width * across) / scale, y + (item.width * down) / scale]]
      for (const [endX = 0, endY = 0] of ends) over = Math.max(over, -endX, endX - width, -endY, endY - height)
    }
  }
  const first = await pdf.getPage(1)
  const [, , width = 0, height = 0] = first.view
  await draw(pdf, first, picture)
  await opening.destroy()
  return { pages: pdf.numPages, widthMm: width * MM_PER_POINT, heightMm: height * MM_PER_POINT, text, over }
}

async function draw(pdf, page, picture) {
  const viewport = page.getViewport({ scale: 1.5 })
  const drawn = pdf.canvasFactory.create(viewport.width, viewport.height)
  await page.render({ canvas: null, canvasContext: drawn.context, viewport }).promise
  await writeFile(picture, drawn.canvas.toBuffer('image/png'))
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [, , file = '', picture = ''] = argv
  console.log(JSON.stringify(await readPdf(new Uint8Array(await readFile(file)), picture)))
}
