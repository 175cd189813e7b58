// @vitest-environment jsdom
// What the form itself says is said in the language of whoever reads, on every page and in every trouble.
import { readFileSync } from 'node:fs'

import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import type { DisplayMode } from '@/state/display'
import { showIn } from '@/state/display'
import { eachAlone, opening } from './asked'
import { xform } from './forms'
import { until } from './opened'

eachAlone()

const HAN = /\p{Script=Han}/u
// A form whose author writes no Chinese: what is still Chinese is the form's own.
const EVERYTHING = readFileSync('src/testing/form/everything.xml', 'utf8').replace(/\p{Script=Han}+/gu, 'x')

function chineseOnScreen(): string[] {
  const said: string[] = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) said.push(node.textContent ?? '')
  for (const name of ['aria-label', 'aria-valuetext', 'placeholder', 'title']) {
    for (const each of document.querySelectorAll(`[${name}]`)) said.push(each.getAttribute(name) ?? '')
  }
  return said.filter((text) => HAN.test(text))
}

async function everything(mode: DisplayMode) {
  showIn(mode)
  const opened = await opening({ xml: EVERYTHING, mode })
  await opened.view.setProps({ open: { ...(opened.view.props() as { open: object }).open, household_name: { zh: 'B', mong: 'ᠪᠠᠲᠤ' } } })
  return opened
}

describe.each(['mn-Mong', 'mn-Cyrl', 'en'] as const)('in %s no word of the form’s own is left in Chinese', (mode) => {
  it('on any of its pages', async () => {
    const { at, has } = await everything(mode)
    let pages = 0
    for (; has(`form-step-${pages}`); pages += 1) {
      await at(`form-step-${pages}`).trigger('click')
      await flushPromises()
      expect(chineseOnScreen(), `page ${pages}`).toEqual([])
    }
    expect(pages).toBeGreaterThan(9)
  })

  it('where something is missing, in the list of pages, and on the page to be read', async () => {
    const { at, has } = await everything(mode)
    while (has('form-next')) await at('form-next').trigger('click')
    await at('form-finish').trigger('click')
    await until(() => {
      expect(document.querySelector('.complaint')).not.toBeNull()
    })
    expect(chineseOnScreen()).toEqual([])
    for (const [opens, shown] of [['form-jump', 'sheet'], ['form-turn', 'reader']] as const) {
      await at(opens).trigger('click')
      await until(() => {
        expect(has(shown)).toBe(true)
      })
      expect(chineseOnScreen(), opens).toEqual([])
    }
  })

  it('where nothing can be saved', async () => {
    const { at, host } = await everything(mode)
    host.failing = true
    await at('input-short').setValue('x')
    await until(() => {
      expect(at('form-save').attributes('data-state')).toBe('failed')
    })
    expect(chineseOnScreen()).toEqual([])
  })

  it('where the form does not open', async () => {
    showIn(mode)
    await opening({ xml: '<h:html>', mode })
    expect(chineseOnScreen()).toEqual([])
  })
})

describe('in English', () => {
  const FORM = xform({
    texts: { people: ['几个人', 'ᠬᠦᠮᠦᠨ'] },
    data: '<people/>',
    binds: '<bind nodeset="/data/people" type="int" required="true()"/>',
    body: '<input ref="/data/people"><label ref="#people"/></input>',
  })

  it('a form that its author wrote in Chinese and Mongolian is asked in Chinese, in a frame that is English', async () => {
    const { at } = await opening({ xml: FORM, mode: 'en' })
    expect(at('question-people').text()).toContain('几个人')
    expect(at('question-people').text()).not.toContain('ᠬᠦᠮᠦᠨ')
    await at('form-finish').trigger('click')
    await until(() => {
      expect(at('question-people').text()).toContain('Please answer')
    })
    expect(at('form').text()).toContain('1 answer is missing')
  })

  it('a form that has an English translation is asked in English', async () => {
    const english = '<translation lang="English (en)"><text id="people"><value>How many</value></text></translation></itext>'
    const { at } = await opening({ xml: FORM.replace('</itext>', english), mode: 'en' })
    expect(at('question-people').text()).toContain('How many')
    expect(at('question-people').text()).not.toContain('几个人')
  })
})
