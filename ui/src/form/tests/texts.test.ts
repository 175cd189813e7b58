// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest'

import { columnHeight } from '../columns'
import { languageOf, withAllLanguages } from '../languages'
import { isMongolScript, textIn, textsOf } from '../texts'
import { xform } from './forms'

const literal = (asString: string) => ({ source: 'literal', asString })
const output = (asString: string) => ({ source: 'output', asString })

describe('texts in all languages', () => {
  it('are parted where the languages meet, outputs going to the language they stand in', () => {
    expect(textsOf([literal('有 '), output('3'), literal(' 人\u2063'), output('3'), literal(' ᠬᠦᠮᠦᠨ\u2063хүн\u2063people')])).toEqual({
      zh: '有 3 人',
      mong: '3 ᠬᠦᠮᠦᠨ',
      cyrl: 'хүн',
      en: 'people',
    })
  })

  it('do not lose their place when an output holds all languages', () => {
    expect(textsOf([literal('选了'), output('甲\u2063ᠨᠢᠭᠡ\u2063нэг\u2063one'), literal('\u2063'), output('甲\u2063ᠨᠢᠭᠡ\u2063нэг\u2063one')])).toEqual({
      zh: '选了甲',
      mong: 'ᠨᠢᠭᠡ',
      cyrl: '',
      en: '',
    })
  })

  it('lose the layout of the file at their ends, and not a single narrow no-break space', () => {
    expect(textsOf([literal('\n   问题 \n\u2063\u202Fᠭᠠᠷ\u202Fᠤᠨ\u180E\u202F')])).toEqual({
      zh: '问题',
      mong: '\u202Fᠭᠠᠷ\u202Fᠤᠨ\u180E\u202F',
      cyrl: '',
      en: '',
    })
  })

  it('fall back to Chinese where the own language is not written', () => {
    const texts = { zh: '照片', mong: 'ᠵᠢᠷᠤᠭ', cyrl: '', en: '' }
    expect(textIn(texts, 'mn-Mong')).toEqual({ text: 'ᠵᠢᠷᠤᠭ', lang: 'mn-Mong' })
    expect(textIn(texts, 'mn-Cyrl')).toEqual({ text: '照片', lang: 'zh-Hans' })
    expect(textIn(texts, 'both')).toEqual({ text: '照片', lang: 'zh-Hans' })
    expect(textIn(texts, 'en')).toEqual({ text: '照片', lang: 'zh-Hans' })
    expect(textIn({ ...texts, en: 'Photo' }, 'en')).toEqual({ text: 'Photo', lang: 'en' })
  })

  it('know the Mongolian script by its first letter', () => {
    expect(isMongolScript('12 ᠬᠣᠨᠢ')).toBe(true)
    expect(isMongolScript('羊 ᠬᠣᠨᠢ')).toBe(false)
    expect(isMongolScript('')).toBe(false)
  })
})

describe('guidance', () => {
  it('stands behind its hint, in its own language', () => {
    const form = xform({ texts: { h: ['提示', 'ᠰᠠᠨᠠᠭᠤᠯᠭ\u180Eᠠ'] }, data: '<a/>', body: '<input ref="/data/a"><label>a</label><hint ref="#h"/></input>' })
      .replace('<value>提示</value>', '<value>提示</value><value form="guidance">细说</value>')
      .replace('<value>ᠰᠠᠨᠠᠭᠤᠯᠭ\u180Eᠠ</value>', '<value form="guidance">ᠲᠠᠶᠢᠯᠪᠤᠷᠢ</value>')
    const { xml } = withAllLanguages(form)
    expect(xml).toContain('提示\n细说\u2063ᠲᠠᠶᠢᠯᠪᠤᠷᠢ')
    expect(xml).not.toContain('guidance')
  })
})

describe('the merged form', () => {
  it('gets one more translation, and keeps its own', () => {
    const merged = withAllLanguages(
      xform({ texts: { q: ['问<output value="/data/n"/>', 'ᠠᠰᠠᠭᠤ', 'асуу'] }, data: '<n/>', body: '' }),
    )
    expect(merged.chinese).toBe('中文 (zh-Hans)')
    const translations = [...new DOMParser().parseFromString(merged.xml, 'text/xml').getElementsByTagName('translation')]
    expect(translations.map((each) => each.getAttribute('lang'))).toEqual([
      '中文 (zh-Hans)',
      'ᠮᠣᠩᠭᠣᠯ (mn-Mong)',
      'монгол (mn-Cyrl)',
      'all',
    ])
    expect(translations[3]?.textContent).toBe('问\u2063ᠠᠰᠠᠭᠤ\u2063асуу\u2063')
    expect(translations[3]?.getElementsByTagName('output')).toHaveLength(1)
    expect(translations[3]?.hasAttribute('default')).toBe(false)
  })

  it('has an empty part where a translation is missing', () => {
    const one = xform({ texts: { q: ['问', 'ᠠ'] }, data: '<n/>', body: '' }).replace(
      /<translation lang="ᠮᠣᠩᠭᠣᠯ \(mn-Mong\)">.*?<\/translation>/,
      '<translation lang="ᠮᠣᠩᠭᠣᠯ (mn-Mong)"/>',
    )
    const all = new DOMParser().parseFromString(withAllLanguages(one).xml, 'text/xml').getElementsByTagName('translation')[2]
    expect(all?.textContent).toBe('问\u2063\u2063\u2063')
  })

  it('knows a language by its tag, alone or in brackets', () => {
    expect(languageOf('中文 (zh-Hans)')).toBe('zh')
    expect(languageOf('zh')).toBe('zh')
    expect(languageOf('ᠮᠣᠩᠭᠣᠯ (mn-Mong)')).toBe('mong')
    expect(languageOf('mn-Cyrl')).toBe('cyrl')
    expect(languageOf('English (en)')).toBe('en')
    expect(languageOf('Kazakh (kk)')).toBeNull()
  })
})

describe('the columns of vertical text', () => {
  // Without a font to ask, a letter counts as half an em.
  const word = 'ᠮᠣᠩᠭᠣᠯ'

  beforeEach(() => {
    vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
  })

  it('are one for a short text, as tall as the text', () => {
    expect(columnHeight(word, 9)).toBeGreaterThanOrEqual(6 * 0.52)
    expect(columnHeight(word, 9)).toBeLessThan(6 * 0.52 + 0.5)
  })

  it('are as few as the height allows, and then as short as their number allows', () => {
    const text = [word, word, word, word].join(' ')
    const height = columnHeight(text, 9)
    expect(height).toBeGreaterThan(2 * 6 * 0.52)
    expect(height).toBeLessThan(9)
  })

  it('never cut a word', () => {
    expect(columnHeight('ᠵᠥᠪᠰᠢᠶᠡᠷᠡᠭᠰᠡᠨ', 2)).toBeGreaterThan(13 * 0.52)
  })

  it('make a block about as tall as wide of a long text', () => {
    const height = columnHeight(Array.from({ length: 60 }, () => word).join(' '), 9)
    expect(height).toBeGreaterThan(14)
    expect(height).toBeLessThan(22)
  })
})
