import { describe, expect, it } from 'vitest'

import { mayBeMarked, piecesOf, runsOf, wordsIn } from '../markdown'

const plain = (text: string) => runsOf(text).map(({ text: each, bold, italic }) => `${bold ? 'B' : ''}${italic ? 'I' : ''}:${each}`)

describe('the words of a note', () => {
  it('are bold and italic where the form says so', () => {
    expect(plain('只记**需要**的，*不用*理由')).toEqual([':只记', 'B:需要', ':的，', 'I:不用', ':理由'])
    expect(plain('__bold__ and _soft_')).toEqual(['B:bold', ': and ', 'I:soft'])
    expect(plain('**a *b* c**')).toEqual(['B:a ', 'BI:b', 'B: c'])
  })

  it('stay as they are where a sign is no mark', () => {
    for (const text of ['2 * 3 * 4', 'follow_up_by', '共 **** 元', 'a \\ b', '**', '[无]']) {
      expect(runsOf(text).map((run) => run.text).join(''), text).toBe(text)
      expect(runsOf(text).every((run) => !run.bold && !run.italic), text).toBe(true)
    }
    expect(plain('\\*不是\\*')).toEqual([':*不是*'])
  })

  it('of a link are all that is left of it', () => {
    expect(plain('详见[说明](javascript:alert(1))。')).toEqual([':详见说明)。'])
    expect(plain('详见[说明](https://example.invalid)。')).toEqual([':详见说明。'])
  })

  it('are never HTML', () => {
    expect(plain('<b>x</b><img src=x onerror=alert(1)>')).toEqual([':<b>x</b><img src=x onerror=alert(1)>'])
  })
})

describe('a note', () => {
  it('has headings, paragraphs and lists', () => {
    const pieces = piecesOf('# 权利\n\n一\n二\n\n- 甲\n- 乙\n\n1. 先\n2. 后\n完')
    expect(pieces.map((piece) => piece.kind)).toEqual(['heading', 'paragraph', 'list', 'list', 'paragraph'])
    expect(pieces[2]).toMatchObject({ ordered: false, items: [[{ text: '甲' }], [{ text: '乙' }]] })
    expect(pieces[3]).toMatchObject({ ordered: true })
    expect(wordsIn('# 权利\n\n- **甲**')).toBe('权利\n甲')
  })

  it('keeps the narrow no-break spaces of Mongolian', () => {
    const text = '# \u202Fᠭᠠᠷ\u202Fᠤᠨ ᠨᠡᠷ\u180Eᠡ\u202F'
    expect(wordsIn(text)).toBe('\u202Fᠭᠠᠷ\u202Fᠤᠨ ᠨᠡᠷ\u180Eᠡ\u202F')
  })

  it('without marks is looked at no further', () => {
    expect(mayBeMarked('谢谢配合。')).toBe(false)
    expect(mayBeMarked('ᠭᠠᠷ\u202Fᠤᠨ ᠦᠰᠦᠭ')).toBe(false)
  })
})
