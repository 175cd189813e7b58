// What stands behind the addresses of the gallery's form: invented households and persons, two drawn pictures, and what was
// answered last.
import { nameOf } from '../people'

function csv(lines: string[]): Blob {
  return new Blob([lines.join('\n')], { type: 'text/csv' })
}

/** Many enough to be searched rather than looked through. */
const HOUSEHOLDS = 600

const households = Array.from({ length: HOUSEHOLDS }, (_, index) => {
  const { zh, mong } = nameOf(index % 30)
  return `h${index + 1},${zh}${index < 30 ? '' : ` ${Math.floor(index / 30) + 1}`},${index % 10 === 9 ? '' : mong},1,,`
})

const persons = Array.from({ length: 60 }, (_, index) => {
  const { zh, mong } = nameOf((index * 7) % 30)
  return `p${index + 1},${zh},${mong},h${(index % 20) + 1}`
})

function drawing(inside: string): Blob {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 72" width="96" height="72"><rect width="96" height="72" fill="#ece4d4"/>${inside}</svg>`
  return new Blob([svg], { type: 'image/svg+xml' })
}

const LAST_SAVED = '<data id="everything" version="2"><texts><short>上次写的称呼</short></texts></data>'

export const RESOURCES: [string, Blob][] = [
  ['jr://file-csv/household.csv', csv(['name,label,label_mong,__version,__trunkVersion,__branchId', ...households])],
  ['jr://file-csv/person.csv', csv(['name,label,label_mong,household', ...persons])],
  ['jr://images/water.png', drawing('<circle cx="48" cy="36" r="22" fill="#0b477a"/>')],
  ['jr://images/camp.png', drawing('<path d="M48 12L16 60h64z" fill="#7f230d"/>')],
  ['jr://instance/last-saved', new Blob([LAST_SAVED], { type: 'text/xml' })],
]
