// @vitest-environment jsdom
// What each kind of question puts into the answers, and what it says.
import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'

import { memoryHost } from '@/testing/form/memoryHost'
import { xform } from './forms'
import { likeABrowser, openForm, until, type Opened } from './opened'

let opened: Opened | undefined

beforeEach(likeABrowser)
afterEach(() => {
  opened?.view.unmount()
  opened = undefined
})

async function ask(control: string, type = 'string', wish: { texts?: Parameters<typeof xform>[0]['texts']; host?: ReturnType<typeof memoryHost>; extra?: string; data?: string } = {}) {
  opened = await openForm({
    xml: xform({
      texts: wish.texts ?? {},
      data: `<q/>${wish.data ?? ''}`,
      binds: `<bind nodeset="/data/q" type="${type}"/>${wish.extra ?? ''}`,
      body: control,
    }),
    ...(wish.host === undefined ? {} : { host: wish.host }),
  })
  return opened
}

const input = (appearance = '', more = '') => `<input ref="/data/q" appearance="${appearance}" ${more}><label>q</label></input>`
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
    opened?.view.unmount()
    await ask(select(['a', 'b', 'c'], 'columns-3'))
    expect(document.querySelector<HTMLElement>('.tiles.columns')?.style.getPropertyValue('--columns')).toBe('3')
    opened?.view.unmount()
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
    opened = await openForm({
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
      expect(opened?.at('form-page').attributes('data-page')).toBe('1')
    })
  })

  it('show their pictures', async () => {
    const host = memoryHost()
    host.resources.set('jr://images/a.png', new Blob(['x']))
    opened = await openForm({
      host,
      xml: xform({
        texts: { a: ['水井', 'ᠬᠤᠳᠳᠤᠭ'] },
        data: '<q/>',
        binds: '<bind nodeset="/data/q" type="string"/>',
        body: `<select1 ref="/data/q"><label>q</label><item><label ref="#a"/><value>a</value></item></select1>`,
      }).replaceAll(/(<text id="a"><value>[^<]*<\/value>)/g, '$1<value form="image">jr://images/a.png</value>'),
    })
    await until(() => {
      expect(opened?.at('choice-q-a').find('img').exists()).toBe(true)
    })
    expect(opened.at('choice-q-a').text()).toContain('水井')
    expect(opened.at('choice-q-a').text()).not.toContain('jr://')
  })

  it('shared by several questions make a table', async () => {
    opened = await openForm({
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

describe('land', () => {
  const HERE = { lat: 39.1, lon: 107.98, altitude_m: null, accuracy_m: 4 }

  it('is measured point by point; a vague point is refused with a word', async () => {
    const host = memoryHost()
    const { at, kept, has } = await ask(input('', 'accuracyThreshold="8"'), 'geoshape', { host })
    host.way.push(HERE, { ...HERE, accuracy_m: 9 }, { ...HERE, lon: 107.981 }, { ...HERE, lat: 39.101 })
    const here = async (holds: () => void) => {
      await at('here-q').trigger('click')
      await until(holds)
    }
    await here(() => {
      expect(has('point-q-0')).toBe(true)
    })
    await here(() => {
      expect(at('fix-q').text()).toContain('误差 9 米，要在 8 米以内')
    })
    expect(has('point-q-1')).toBe(false)
    await here(() => {
      expect(has('point-q-1')).toBe(true)
    })
    await kept('<q/>')
    await here(() => {
      expect(has('point-q-2')).toBe(true)
    })
    await kept('<q>39.1 107.98 0.0 4.0;39.1 107.981 0.0 4.0;39.101 107.98 0.0 4.0;39.1 107.98 0.0 4.0</q>')
    expect(at('area-q-1').text()).toMatch(/^7\.2\d 亩$/)
    await at('undo-q').trigger('click')
    await kept('<q/>')
    expect(has('point-q-1')).toBe(true)
  })

  it('is given by coordinates, which must be some', async () => {
    const { at, kept } = await ask(input(), 'geotrace')
    await at('type-q').trigger('click')
    await at('lat-q').setValue('91')
    await at('lon-q').setValue('107.98')
    expect(at('add-typed-q').attributes('disabled')).toBeDefined()
    for (const lat of ['39.1', '39.2']) {
      await at('lat-q').setValue(lat)
      await at('lon-q').setValue('107.98')
      await at('add-typed-q').trigger('click')
    }
    await kept('<q>39.1 107.98;39.2 107.98</q>')
    expect(at('length-q').text()).toBe('11.13 公里')
    await at('point-q-1').trigger('keydown', { key: 'ArrowUp' })
    await kept(/;39\.20000898/)
  })

  it('without a receiver says so', async () => {
    const { at } = await ask(input(), 'geotrace')
    await at('here-q').trigger('click')
    await until(() => {
      expect(at('fix-q').text()).toContain('没有定位信号')
    })
  })
})

describe('recordings', () => {
  const audio = '<upload ref="/data/q" mediatype="audio/*"><label>q</label></upload>'

  class Recorder {
    static isTypeSupported = (type: string) => type.startsWith('audio/webm')
    state = 'inactive'
    mimeType = 'audio/webm;codecs=opus'
    ondataavailable: ((event: { data: Blob }) => void) | null = null
    onstop: (() => void) | null = null
    constructor(readonly stream: { getTracks(): { stop(): void }[] }) {}
    start() {
      this.state = 'recording'
    }
    stop() {
      this.state = 'inactive'
      this.ondataavailable?.({ data: new Blob(['sound']) })
      this.onstop?.()
    }
  }

  it('begin only by the button, are seen while they run, and switch the microphone off', async () => {
    const off = vi.fn()
    const getUserMedia = vi.fn(() => Promise.resolve({ getTracks: () => [{ stop: off }] }))
    vi.stubGlobal('MediaRecorder', Recorder)
    Object.defineProperty(navigator, 'mediaDevices', { value: { getUserMedia }, configurable: true })
    const { at, has, kept, host } = await ask(audio, 'binary')
    expect(getUserMedia).not.toHaveBeenCalled()
    expect(at('question-q').text()).toContain('您同意吗')
    await at('record-q').trigger('click')
    await until(() => {
      expect(has('recording-q')).toBe(true)
    })
    expect(getUserMedia).toHaveBeenCalledWith({ audio: true, video: false })
    await at('stop-q').trigger('click')
    await kept(/<q>q-[a-z0-9]+\.webm<\/q>/)
    expect(off).toHaveBeenCalled()
    expect(has('play-q')).toBe(true)
    expect([...host.files.keys()][0]).toMatch(/\.webm$/)
    Reflect.deleteProperty(navigator, 'mediaDevices')
  })

  it('on a tablet without a microphone are chosen as a file', async () => {
    const { at, has, kept } = await ask(audio, 'binary')
    expect(has('record-q')).toBe(false)
    expect(at('question-q').text()).toContain('不能录音')
    await pick(at('input-q').element, new File(['x'], 'a.mp3', { type: 'audio/mpeg' }))
    await kept(/\.mp3<\/q>/)
  })
})

async function pick(field: Element, file: File) {
  Object.defineProperty(field, 'files', { value: [file], configurable: true })
  field.dispatchEvent(new Event('change'))
  await nextTick()
}

describe('files', () => {
  const upload = '<upload ref="/data/q" mediatype="application/*"><label>q</label></upload>'

  it('are PDF, pictures or recordings of at most 8 MB', async () => {
    const { at, kept, host } = await ask(upload, 'binary')
    await pick(at('input-q').element, new File(['MZ'], 'a.exe', { type: 'application/x-msdownload' }))
    expect(at('question-q').get('[role="alert"]').text()).toContain('只能放图片、录音或 PDF')
    const large = new File([new Uint8Array(8 * 1024 * 1024 + 1)], 'a.pdf', { type: 'application/pdf' })
    await pick(at('input-q').element, large)
    expect(at('question-q').get('[role="alert"]').text()).toContain('最多 8 MB')
    expect(host.files.size).toBe(0)
    await pick(at('input-q').element, new File(['%PDF'], '协议.pdf', { type: 'application/pdf' }))
    await kept(/\.pdf<\/q>/)
    expect(at('value-q').text()).toContain('协议.pdf')
    await at('remove-q').trigger('click')
    await kept('<q/>')
  })
})

describe('barcodes', () => {
  it('are typed where the tablet cannot read them, and it says so', async () => {
    const { at, has, kept } = await ask(input(), 'barcode')
    expect(has('no-reader-q')).toBe(true)
    await at('input-q').setValue('6901234567892')
    await kept('<q>6901234567892</q>')
  })

  it('are read from a picture where it can', async () => {
    vi.stubGlobal(
      'BarcodeDetector',
      class {
        detect = () => Promise.resolve([{ rawValue: 'ABC-1' }])
      },
    )
    vi.stubGlobal('createImageBitmap', () => Promise.resolve({}))
    const { at, has, kept } = await ask(input(), 'barcode')
    expect(has('no-reader-q')).toBe(false)
    await pick(at('picture-q').element, new File(['x'], 'a.png', { type: 'image/png' }))
    await kept('<q>ABC-1</q>')
  })
})
