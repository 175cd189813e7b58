import { describe, expect, it } from 'vitest'

import { cellsOf, withMergedLabels } from '../lists'
import { inChinese, textsOf } from '../texts'

const SEP = '\u2063'

describe('a list that comes as CSV', () => {
  it('gets one label in all its languages, and keeps every column as it was', () => {
    const merged = withMergedLabels('name,label,label_mong,__version\nh1,巴图,ᠪᠠᠲᠤ,3\nh2,"李, 明",,1\n')
    expect(cellsOf(merged)).toEqual([
      ['name', 'label', 'label_mong', '__version', '__label'],
      ['h1', '巴图', 'ᠪᠠᠲᠤ', '3', `巴图${SEP}ᠪᠠᠲᠤ${SEP}${SEP}${SEP}`],
      ['h2', '李, 明', '', '1', '李, 明'],
    ])
  })

  it('is read whatever quotes, line ends and separators it has', () => {
    expect(cellsOf('\uFEFFa,b\r\n"x ""y""","1\n2"\r\n\r\nz,\r\n')).toEqual([['a', 'b'], ['x "y"', '1\n2'], ['z', '']])
    expect(cellsOf('a;b\n1;2')).toEqual([['a', 'b'], ['1', '2']])
    expect(cellsOf('')).toEqual([])
  })

  it('without labels has an empty one, and rows of any length stay under their columns', () => {
    expect(cellsOf(withMergedLabels('name\nx,,\n'))).toEqual([['name', '__label'], ['x', '']])
  })

  it('may have English and Cyrillic names too', () => {
    expect(withMergedLabels('name,label,label_en,label_cyrl\na,镇,town,балгас\n')).toContain(`镇${SEP}${SEP}балгас${SEP}town${SEP}`)
  })

  it('keeps the joiners of a name', () => {
    const name = 'ᠨᠡᠷ\u180Eᠡ\u202Fᠦᠨ'
    expect(withMergedLabels(`name,label,label_mong\na,名,${name}`)).toContain(`名${SEP}${name}${SEP}`)
  })
})

describe('a merged name', () => {
  const name = `巴图${SEP}ᠪᠠᠲᠤ${SEP}${SEP}${SEP}`

  it('is parted into its languages as a label and within a sentence', () => {
    expect(textsOf([{ source: 'reference', asString: name }])).toEqual({ zh: '巴图', mong: 'ᠪᠠᠲᠤ', cyrl: '', en: '' })
    const sentence = textsOf([
      { source: 'literal', asString: '选了' },
      { source: 'output', asString: `${name}户` },
      { source: 'literal', asString: `。${SEP}ᠰᠣᠩᠭᠤᠪᠠ ` },
      { source: 'output', asString: name },
    ])
    expect(sentence.zh).toBe('选了巴图户。')
    expect(sentence.mong).toBe('ᠰᠣᠩᠭᠤᠪᠠ ᠪᠠᠲᠤ')
  })

  it('leaves its Chinese in an answer, and nothing else', () => {
    expect(inChinese(`<who>户主${name}，${name}</who><n/>`)).toBe('<who>户主巴图，巴图</who><n/>')
    expect(inChinese(`<a>x${SEP}y</a>`)).toBe('<a>xy</a>')
  })
})
