// @vitest-environment jsdom
// Moving about in a form: repeats as cards, the list of all pages, the page for the person opposite, long pages.
import { describe, expect, it } from 'vitest'

import { longForm } from '@/testing/form/longForm'
import { eachAlone, opening } from './asked'
import { xform } from './forms'
import { until } from './opened'

eachAlone()

const DOGS = xform({
  texts: { dog: ['牧羊犬', 'ᠨᠣᠬᠠᠢ'], name: ['叫什么', 'ᠨᠡᠷ\u180Eᠡ'], talk: ['# 说明\n\n可以**不同意**', '**ᠵᠥᠪᠰᠢᠶᠡᠷᠡᠬᠦ**'] },
  data: '<one><talk/><note/></one><dog jr:template=""><name/><age/></dog><dog><name/><age/></dog>',
  binds:
    '<bind nodeset="/data/one/talk" type="string" readonly="true()"/><bind nodeset="/data/one/note" type="string"/>' +
    '<bind nodeset="/data/dog/name" type="string" required="true()"/><bind nodeset="/data/dog/age" type="int" constraint=". &lt; 30"/>',
  body:
    '<group ref="/data/one" appearance="field-list"><label>第一页</label><input ref="/data/one/talk"><label ref="#talk"/></input><input ref="/data/one/note"><label>备注</label></input></group>' +
    '<group ref="/data/dog"><label ref="#dog"/><repeat nodeset="/data/dog"><input ref="/data/dog/name"><label ref="#name"/></input><input ref="/data/dog/age"><label>几岁</label></input></repeat></group>',
})

async function atDogs() {
  const opened = await opening({ xml: DOGS })
  await opened.at('form-step-1').trigger('click')
  return opened
}

describe('the steps', () => {
  it('bring the one that is open into view, at first and when it changes', async () => {
    const shown: (string | undefined)[] = []
    Element.prototype.scrollIntoView = function (this: HTMLElement) {
      shown.push(this.dataset['testid'])
    }
    const { at } = await opening({ xml: DOGS })
    expect(shown).toEqual(['form-step-0'])
    await at('form-next').trigger('click')
    expect(shown).toContain('form-step-1')
  })
})

describe('a repeat', () => {
  it('closes to a summary with its first answers and how much is answered', async () => {
    const { at, has } = await atDogs()
    await at('input-name').setValue('巴斯')
    await at('instance-dog-0').get('.opens').trigger('click')
    expect(has('input-name')).toBe(false)
    expect(at('instance-dog-0').text()).toContain('巴斯')
    expect(at('instance-dog-0').text()).toContain('1 / 2')
    expect(at('instance-dog-0').text()).toContain('牧羊犬 1')
  })

  it('opens what is added, and gives back what was removed by mistake', async () => {
    const { at, has, kept } = await atDogs()
    await at('input-name').setValue('巴斯')
    await at('add-dog').trigger('click')
    await at('input-name').setValue('哈日')
    await at('instance-dog-0').get('.remove').trigger('click')
    await until(() => {
      expect(has('instance-dog-1')).toBe(false)
    })
    expect(at('repeat-dog').text()).toContain('已删除第 1 项')
    await at('undo-dog').trigger('click')
    await kept(/巴斯[^]*哈日/)
    expect(at('instance-dog-0').text()).toContain('巴斯')
  })

  it('marks where something is wrong, and what is missing opens it', async () => {
    const { at, has } = await atDogs()
    await at('input-age').setValue('40')
    await at('add-dog').trigger('click')
    expect(at('instance-dog-0').classes()).toContain('wrong')
    expect(has('question-age')).toBe(true)
    await at('instance-dog-1').get('.opens').trigger('click')
    await at('form-finish').trigger('click')
    await until(() => {
      expect(has('form-missing')).toBe(true)
    })
    expect(at('instance-dog-0').classes()).toContain('open')
  })
})

describe('the list of all pages', () => {
  it('names what is not answered and leads there', async () => {
    const { at, has } = await atDogs()
    await at('form-jump').trigger('click')
    expect(at('jump-page-0').text()).toContain('1 处没填')
    expect(has('jump-talk')).toBe(false)
    await at('jump-note').trigger('click')
    await until(() => {
      expect(at('form-page').attributes('data-page')).toBe('0')
    })
    expect(has('sheet')).toBe(false)
    await at('input-note').setValue('水井')
    await at('form-jump').trigger('click')
    expect(at('jump-page-0').text()).toContain('都填了')
  })
})

describe('the page for the person opposite', () => {
  it('says what is asked and answered in both languages, whatever the tablet shows', async () => {
    const opened = await opening({ xml: DOGS, mode: 'zh' })
    const { at, has } = opened
    await at('input-note').setValue('水井')
    await at('form-turn').trigger('click')
    const reader = at('reader')
    expect(reader.text()).toContain('不同意')
    expect(reader.text()).toContain('水井')
    expect(reader.find('[lang="mn-Mong"]').text()).toContain('ᠵᠥᠪᠰᠢᠶᠡᠷᠡᠬᠦ')
    expect(reader.findAll('input, textarea')).toHaveLength(0)
    await at('reader-close').trigger('click')
    expect(has('reader')).toBe(false)
  })
})

describe('a note', () => {
  it('is drawn from pieces, not from HTML', async () => {
    const opened = await opening({ xml: DOGS })
    const note = opened.at('question-talk')
    expect(note.find('.body .heading').text()).toBe('说明')
    expect(note.find('.body .bold').text()).toBe('不同意')
    expect(note.find('.spine .bold').attributes('lang')).toBe('mn-Mong')
  })
})

describe('a long page', () => {
  it('is drawn piece by piece, and at once where somebody goes', async () => {
    const opened = await opening({ xml: longForm(120, 1) })
    const { at, has } = opened
    expect(has('question-q3')).toBe(true)
    await at('form-jump').trigger('click')
    await at('jump-q9').trigger('click')
    await until(() => {
      expect(has('question-q119')).toBe(true)
    })
  })
})
