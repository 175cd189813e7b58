// @vitest-environment jsdom
import { describe, expect, it } from 'vitest'

import { openFilling } from '../engine'
import { isShown, missingIn, nameOf, pagesOf } from '../pages'
import { householdVisit, xform } from './forms'

const OPTIONS = { submission: null, filler: { device: '', officer: '' }, answered: () => undefined }
const input = (name: string) => `<input ref="/data/${name}"><label>${name}</label></input>`

async function pagesIn(xml: string) {
  return pagesOf((await openFilling(xml, OPTIONS)).items)
}

describe('the pages of a form', () => {
  it('are its groups, and loose questions share one with their neighbours', async () => {
    const pages = await pagesIn(
      xform({
        data: '<a/><b/><g><c/></g><d/>',
        body: `${input('a')}${input('b')}<group ref="/data/g"><label>G</label>${input('g/c')}</group>${input('d')}`,
      }),
    )
    expect(pages.map((page) => page.items.map((item) => item.name))).toEqual([['a', 'b'], ['c'], ['d']])
    expect(pages.map((page) => nameOf(page).zh)).toEqual(['a', 'G', 'd'])
  })

  it('go through groups that only hold groups, unless they are to be one page', async () => {
    const inner = `<group ref="/data/g/h"><label>H</label>${input('g/h/a')}</group><group ref="/data/g/i"><label>I</label>${input('g/i/b')}</group>`
    const data = '<g><h><a/></h><i><b/></i></g>'
    const many = await pagesIn(xform({ data, body: `<group ref="/data/g"><label>G</label>${inner}</group>` }))
    expect(many.map((page) => nameOf(page).zh)).toEqual(['H', 'I'])
    const one = await pagesIn(
      xform({ data, body: `<group ref="/data/g" appearance="field-list"><label>G</label>${inner}</group>` }),
    )
    expect(one.map((page) => nameOf(page).zh)).toEqual(['G'])
  })

  it('keep their numbers while they come and go', async () => {
    const pages = await pagesIn(householdVisit())
    expect(pages).toHaveLength(6)
    expect(pages.map(isShown)).toEqual([true, false, false, false, false, false])
    const outcome = pages[0]?.items[0]
    if (outcome?.kind !== 'select_one') throw new Error('no outcome')
    expect(missingIn(pages).map(({ page, question }) => `${page} ${question.name}`)).toEqual(['0 outcome'])
    outcome.answer('visited')
    expect(pages.every(isShown)).toBe(true)
    expect(missingIn(pages).map(({ page, question }) => `${page} ${question.name}`)).toEqual([
      '0 present_count',
      '0 purpose',
      '3 follow_up',
      '5 signed',
    ])
  })
})
