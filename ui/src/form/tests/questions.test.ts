// @vitest-environment jsdom
// What each kind of question puts into the answers, and what it says.
import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { memoryHost } from '@/testing/form/memoryHost'
import { ask, eachAlone, input, opening } from './asked'
import { xform } from './forms'
import { until } from './opened'

eachAlone()

const items = (...values: string[]) => values.map((value) => `<item><label>${value}的名</label><value>${value}</value></item>`).join('')
const select = (values: string[], appearance = '', kind = 'select1') =>
  `<${kind} ref="/data/q" appearance="${appearance}"><label>q</label>${items(...values)}</${kind}>`

describe('times', () => {
  it('are typed, taken from the clock and touched, and can be taken back', async () => {
    const { at, kept } = await ask(input(), 'time')
    await at('time-q').setValue('1405')
    await kept(/<q>14:05:00\.000[+-]\d\d:\d\d<\/q>/)
    await at('clock-q').trigger('click')
    await at('minute-q-55').trigger('click')
    await kept('<q>14:55:00.000')
    await at('time-q').setValue('')
    await kept('<q/>')
    await at('now-q').trigger('click')
    await kept(/<q>\d\d:\d\d:00\.000/)
  })

  it('that are none are marked and kept out', async () => {
    const { at, newest } = await ask(input(), 'time')
    await at('time-q').setValue('2561')
    expect(at('time-q').attributes('aria-invalid')).toBe('true')
    await flushPromises()
    expect(newest()).not.toContain('25:61')
  })

  it('and days make moments', async () => {
    const { at, kept } = await ask(input(), 'dateTime')
    await at('time-q').setValue('7:45')
    await kept(/<q>\d{4}-\d\d-\d\dT07:45:00\.000[+-]\d\d:\d\d<\/q>/)
    await at('input-q').trigger('click')
    const day = document.querySelector<HTMLElement>('[data-testid^="day-q-"]')
    const chosen = day?.dataset['testid']?.slice('day-q-'.length) ?? ''
    day?.click()
    await kept(`<q>${chosen}T07:45:00.000`)
  })
})

describe('days', () => {
  it('of which only the month matters are months', async () => {
    const { at, kept, has } = await ask(input('month-year'), 'date')
    await at('input-q').trigger('click')
    expect(has('day-q-2026-11-01')).toBe(false)
    await at('month-q-6').trigger('click')
    await kept(/<q>\d{4}-06-01<\/q>/)
    expect(at('input-q').text()).toMatch(/\d{4}年6月/)
    expect(at('input-q').text()).not.toContain('1日')
  })

  it('that are over are asked for without offering days to come', async () => {
    const offered = async (constraint: string) => {
      const binds = `<bind nodeset="/data/q" type="date" constraint="${constraint}"/>`
      const { view } = await opening({ xml: xform({ data: '<q/>', binds, body: input() }) })
      return view.findAll('button.chip').map((chip) => chip.text())
    }
    expect(await offered('. &lt;= today()')).toEqual([expect.stringContaining('今天')])
    expect(await offered('. &gt;= today()')).toHaveLength(4)
  })

  it('of which only the year matters are years', async () => {
    const { at, kept } = await ask(input('year'), 'date')
    await at('input-q').trigger('click')
    document.querySelector<HTMLElement>('[data-testid^="year-q-"]')?.click()
    await kept(/<q>\d{4}-01-01<\/q>/)
    expect(at('input-q').text()).toMatch(/^[^月]*\d{4}年[^月]*$/)
  })
})

describe('ranges', () => {
  const range = (appearance = '') =>
    `<range ref="/data/q" start="0" end="2" step="0.5" appearance="${appearance}"><label>q</label></range>`

  it('are stepped by buttons and keys, and stop at their ends', async () => {
    const { at, kept } = await ask(range(), 'decimal')
    expect(at('input-q').attributes('aria-valuetext')).toBe('还没填')
    await at('more-q').trigger('click')
    await at('more-q').trigger('click')
    await kept('<q>0.5</q>')
    await at('input-q').trigger('keydown', { key: 'End' })
    await kept('<q>2.0</q>')
    expect(at('more-q').attributes('disabled')).toBeDefined()
    await at('input-q').trigger('keydown', { key: 'ArrowLeft' })
    await kept('<q>1.5</q>')
    expect(document.querySelectorAll('.tick')).toHaveLength(5)
  })

  it('are without marks where the form wants none', async () => {
    await ask(range('no-ticks'), 'decimal')
    expect(document.querySelectorAll('.tick')).toHaveLength(0)
  })

  it('are stars, and the last star touched again takes the answer back', async () => {
    const { at, kept } = await ask('<range ref="/data/q" start="1" end="5" step="1" appearance="rating"><label>q</label></range>', 'int')
    await at('star-q-4').trigger('click')
    await kept('<q>4</q>')
    expect(document.querySelectorAll('.star.lit')).toHaveLength(4)
    await at('star-q-4').trigger('click')
    await kept('<q/>')
  })

  it('are picked from a list', async () => {
    const { at, kept } = await ask(range('picker'), 'decimal')
    await at('input-q').trigger('click')
    await until(() => {
      expect(document.querySelector('[data-testid="lines"]')).not.toBeNull()
    })
    expect(document.querySelector('[data-testid="search-q"]')).toBeNull()
    await at('done-q').trigger('click')
    await kept('<q/>')
  })
})

describe('an order', () => {
  const rank =
    '<odk:rank xmlns:odk="http://www.opendatakit.org/xforms" ref="/data/q"><label>q</label>' + items('a', 'b', 'c') + '</odk:rank>'

  it('is no answer until it is moved or confirmed', async () => {
    const { at, kept, newest } = await ask(rank, 'string')
    await kept('<q/>')
    await at('down-q-a').trigger('click')
    await kept('<q>b a c</q>')
    await at('up-q-c').trigger('click')
    await kept('<q>b c a</q>')
    await at('clear-q').trigger('click')
    await kept('<q/>')
    await at('keep-q').trigger('click')
    await kept('<q>a b c</q>')
    expect(newest()).toContain('<q>a b c</q>')
  })
})

describe('choices', () => {
  it('lie as the form says', async () => {
    await ask(select(['a', 'b', 'c'], 'likert'))
    expect(document.querySelector('.tiles.scale')).not.toBeNull()
    await ask(select(['a', 'b', 'c'], 'columns-3'))
    expect(document.querySelector<HTMLElement>('.tiles.columns')?.style.getPropertyValue('--columns')).toBe('3')
    await ask(select(['a', 'b', 'c'], 'columns-pack'))
    expect(document.querySelector('.tiles.pack')).not.toBeNull()
  })

  it('of a small list stand behind a field', async () => {
    const { at, has } = await ask(select(['a', 'b'], 'minimal'))
    expect(has('choice-q-a')).toBe(false)
    expect(at('input-q').text()).toContain('请选择')
    await at('input-q').trigger('click')
    expect(has('sheet')).toBe(true)
    expect(has('search-q')).toBe(false)
  })

  it('that are many are searched', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `v${index}`)
    const { at, has } = await ask(select(many))
    await at('input-q').trigger('click')
    expect(has('search-q')).toBe(true)
    await at('search-q').setValue('zzz')
    expect(at('sheet').text()).toContain('没有找到')
  })

  it('taken quickly lead on', async () => {
    const opened = await opening({
      xml: xform({
        data: '<one><q/></one><two><r/></two>',
        binds: '<bind nodeset="/data/one/q" type="string"/><bind nodeset="/data/two/r" type="string"/>',
        body:
          `<group ref="/data/one"><label>1</label><select1 ref="/data/one/q" appearance="quick"><label>q</label>${items('a', 'b')}</select1></group>` +
          '<group ref="/data/two"><label>2</label><input ref="/data/two/r"><label>r</label></input></group>',
      }),
    })
    await opened.at('choice-q-a').trigger('click')
    await until(() => {
      expect(opened.at('form-page').attributes('data-page')).toBe('1')
    })
  })

  it('show their pictures', async () => {
    const host = memoryHost()
    host.resources.set('jr://images/a.png', new Blob(['x']))
    const opened = await opening({
      host,
      xml: xform({
        texts: { a: ['水井', 'ᠬᠤᠳᠳᠤᠭ'] },
        data: '<q/>',
        binds: '<bind nodeset="/data/q" type="string"/>',
        body: `<select1 ref="/data/q"><label>q</label><item><label ref="#a"/><value>a</value></item></select1>`,
      }).replaceAll(/(<text id="a"><value>[^<]*<\/value>)/g, '$1<value form="image">jr://images/a.png</value>'),
    })
    await until(() => {
      expect(opened.at('choice-q-a').find('img').exists()).toBe(true)
    })
    expect(opened.at('choice-q-a').text()).toContain('水井')
    expect(opened.at('choice-q-a').text()).not.toContain('jr://')
  })

  it('shared by several questions make a table', async () => {
    const opened = await opening({
      xml: xform({
        data: '<h/><a/><b/>',
        binds: '<bind nodeset="/data/h" type="string"/><bind nodeset="/data/a" type="string" required="true()"/><bind nodeset="/data/b" type="string"/>',
        body:
          `<select1 ref="/data/h" appearance="label"><label>项目</label>${items('y', 'n')}</select1>` +
          `<select1 ref="/data/a" appearance="list-nolabel"><label>炉具</label>${items('y', 'n')}</select1>` +
          `<select ref="/data/b" appearance="list-nolabel"><label>电线</label>${items('y', 'n')}</select>`,
      }),
    })
    const { at, kept, has } = opened
    expect(has('table-h')).toBe(true)
    expect(has('choice-h-y')).toBe(false)
    await at('choice-a-y').trigger('click')
    await at('choice-b-y').trigger('click')
    await at('choice-b-n').trigger('click')
    await kept('<h/><a>y</a><b>y n</b>')
    await at('choice-a-y').trigger('click')
    await at('form-finish').trigger('click')
    await until(() => {
      expect(at('question-a').find('[role="alert"]').exists()).toBe(true)
    })
  })
})

describe('texts', () => {
  it('of figures take only figures, from the pad too', async () => {
    const { at, kept } = await ask(input('numbers'))
    await at('input-q').setValue('１３８ 0000')
    await kept('<q>1380000</q>')
    await at('input-q').setValue('138x')
    expect((at('input-q').element as HTMLInputElement).value).toBe('1380000')
    await at('open-pad-q').trigger('click')
    await at('key-q-7').trigger('click')
    await kept('<q>13800007</q>')
  })

  it('that are hidden are shown on demand', async () => {
    const { at } = await ask(input('masked'))
    expect(at('input-q').classes()).toContain('hidden')
    await at('open-pad-q').trigger('click')
    expect(at('input-q').classes()).not.toContain('hidden')
  })

  it('never bring the sign that parts the languages into a submission', async () => {
    const { at, kept } = await ask(input())
    await at('input-q').setValue('甲\u2063乙')
    await kept('<q>甲乙</q>')
  })
})

describe('numbers', () => {
  it('are shown in thousands and kept plain', async () => {
    const { at, kept } = await ask(input('thousands-sep'), 'decimal')
    await at('input-q').setValue('1234567.5')
    expect((at('input-q').element as HTMLInputElement).value).toBe('1,234,567.5')
    await kept('<q>1234567.5</q>')
  })

  it('are touched on the pad', async () => {
    const { at, kept } = await ask(input(), 'decimal')
    await at('open-pad-q').trigger('click')
    for (const key of ['.', '5', '0', 'erase', '-']) await at(`key-q-${key}`).trigger('click')
    await kept('<q>-0.5</q>')
  })
})
