// @vitest-environment jsdom
// Answers that come from the tablet: places, sound, files, codes.
import { describe, expect, it, vi } from 'vitest'

import { memoryHost } from '@/testing/form/memoryHost'
import { ask, eachAlone, input, pick } from './asked'
import { until } from './opened'

eachAlone()

// The reader itself is tried in a browser and in the window.
const found = vi.hoisted(() => ({ code: '' }))
vi.mock('../barcodes', () => ({ readBarcode: () => Promise.resolve(found.code) }))

describe('land', () => {
  const HERE = { lat: 39.1, lon: 107.98, altitude_m: null, accuracy_m: 4 }

  it('is measured point by point; a vague point is refused with a word', async () => {
    const host = memoryHost()
    const { at, kept, has } = await ask(input('', 'accuracyThreshold="8"'), 'geoshape', host)
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

  it('switch the microphone off when somebody leaves before it is there', async () => {
    const off = vi.fn()
    let allow = () => {}
    const asked = new Promise((allowed) => {
      allow = () => {
        allowed({ getTracks: () => [{ stop: off }] })
      }
    })
    vi.stubGlobal('MediaRecorder', Recorder)
    Object.defineProperty(navigator, 'mediaDevices', { value: { getUserMedia: () => asked }, configurable: true })
    const { at, view } = await ask(audio, 'binary')
    await at('record-q').trigger('click')
    view.unmount()
    allow()
    await until(() => {
      expect(off).toHaveBeenCalled()
    })
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
  it('are typed, or read from a picture, and it is said when nothing is found', async () => {
    const { at, kept } = await ask(input(), 'barcode')
    await at('input-q').setValue('6901234567892')
    await kept('<q>6901234567892</q>')
    await pick(at('picture-q').element, new File(['x'], 'a.png', { type: 'image/png' }))
    await until(() => {
      expect(at('question-q').get('[role="alert"]').text()).toContain('没有读到')
    })
    found.code = 'ABC-1'
    await pick(at('picture-q').element, new File(['x'], 'a.png', { type: 'image/png' }))
    await kept('<q>ABC-1</q>')
  })
})
