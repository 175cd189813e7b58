// The lists that a tablet gives to the forms of the pack, with invented people: for tests and the gallery.

const VERSIONS = '__version,__trunkVersion,__branchId'

/** By file name; the first line is the heading. */
export const LISTS: Readonly<Record<string, string>> = {
  'context.csv':
    'name,label,household,household_label,household_label_mong,case,case_label,officer,officer_label,area,area_label,area_label_mong,today\n' +
    'context,context,h1,巴特尔家,ᠪᠠᠭᠠᠲᠤᠷ,,,o1,苏日娜,a1,苏米图嘎查,ᠰᠦᠮᠡᠲᠦ,2026-11-27\n',
  'household.csv': `name,label,label_mong,${VERSIONS}\nh1,巴特尔家,ᠪᠠᠭᠠᠲᠤᠷ,1,1,\nh2,其其格家,ᠴᠡᠴᠡᠭ,4,3,b9\nh3,阿古拉家,,1,1,\n`,
  'person.csv': `name,label,label_mong,${VERSIONS},household\np1,巴特尔,ᠪᠠᠭᠠᠲᠤᠷ,1,1,,h1\np2,其其格,ᠴᠡᠴᠡᠭ,1,1,,h2\n`,
  'case.csv':
    `name,label,label_mong,${VERSIONS},type,state\n` +
    'c1,水井旁的草场边界,,3,2,b7,dispute,open\nc2,路边断了的围栏,,1,1,,hazard,open\n',
  'task.csv': `name,label,label_mong,${VERSIONS},household,due\nt1,送来户口本,,2,2,,h1,2026-11-20\nt2,修围栏,,1,1,,h2,\n`,
}

/** The file behind an address like `jr://file-csv/household.csv`; `null` if there is none. */
export function listAt(url: string): Blob | null {
  const text = LISTS[url.replace(/^.*\//, '')]
  return text === undefined ? null : new Blob([text], { type: 'text/csv' })
}
