// @vitest-environment jsdom
import { describe, expect, it, vi } from 'vitest'
import { computed } from 'vue'

import { openFilling } from '../engine'
import type { Filling, Item, Question } from '../question'
import { householdVisit, xform } from './forms'

const FILLER = { device: 'tablet-7', officer: 'officer-3' }

function open(xml: string, submission: string | null = null, answered = () => undefined) {
  return openFilling(xml, { submission, filler: FILLER, answered })
}

function questionsIn(items: readonly Item[]): Question[] {
  return items.flatMap((item) => {
    if (item.kind === 'section') return questionsIn(item.items)
    if (item.kind === 'repeat') return item.instances.flatMap((each) => questionsIn(each.items))
    return [item]
  })
}

function question<K extends Question['kind']>(filling: Filling, name: string, kind: K): Question & { kind: K } {
  const found = questionsIn(filling.items).find((each) => each.name === name)
  expect(found?.kind, name).toBe(kind)
  return found as Question & { kind: K }
}

function instanceId(submission: string): string {
  return /<(?:orx:)?instanceID>([^<]+)</.exec(submission)?.[1] ?? ''
}

const TEXT = `<input ref="/data/note"><label>n</label></input>`

describe('the visit form of the pack', () => {
  it('opens with the kinds of question that it asks for', async () => {
    const filling = await open(householdVisit())
    expect(filling.items.map((item) => item.name)).toEqual(['arrival', 'talk', 'heard', 'next', 'proof', 'sign'])
    const kinds = Object.fromEntries(questionsIn(filling.items).map((each) => [each.name, each.kind]))
    expect(kinds).toMatchObject({
      outcome: 'select_one',
      notice: 'note',
      present_count: 'number',
      topics: 'select_multiple',
      opinions: 'text',
      follow_up_by: 'date',
      photo: 'photo',
      position: 'position',
      signature: 'signature',
    })
  })

  it('has both languages in labels, hints, choices and messages', async () => {
    const filling = await open(householdVisit())
    const outcome = question(filling, 'outcome', 'select_one')
    expect(outcome.label.zh).toBe('走访结果')
    expect(outcome.label.mong).toMatch(/^\u1820\u1836/)
    expect(outcome.hint.mong).not.toBe('')
    expect(outcome.choices.map((choice) => choice.label.zh)).toContain('家中无人')
    expect(outcome.choices.every((choice) => choice.label.mong !== '')).toBe(true)
    expect(outcome.complaint).toMatchObject({ why: 'required', message: { zh: '请选择' } })
    expect(outcome.complaint?.message?.mong).not.toBe('')
  })

  it('shows the further questions only once the household is visited', async () => {
    const filling = await open(householdVisit())
    const count = question(filling, 'present_count', 'number')
    const relevant = computed(() => count.relevant)
    expect(relevant.value).toBe(false)
    question(filling, 'outcome', 'select_one').answer('visited')
    expect(relevant.value).toBe(true)
  })
})

describe('texts in several languages', () => {
  it('are evaluated together, outputs included', async () => {
    const filling = await open(
      xform({
        texts: { q: ['共 <output value="/data/n"/> 人', 'ᠬᠦᠮᠦᠨ <output value="/data/n"/>', '<output value="/data/n"/> хүн'] },
        data: '<n>3</n><note/>',
        binds: '<bind nodeset="/data/n" type="int"/><bind nodeset="/data/note" type="string"/>',
        body: '<input ref="/data/n"><label>n</label></input><input ref="/data/note"><label ref="#q"/></input>',
      }),
    )
    const note = question(filling, 'note', 'text')
    const label = computed(() => note.label)
    expect(label.value).toEqual({ zh: '共 3 人', mong: 'ᠬᠦᠮᠦᠨ 3', cyrl: '3 хүн', en: '' })
    question(filling, 'n', 'number').answer('12')
    expect(label.value).toEqual({ zh: '共 12 人', mong: 'ᠬᠦᠮᠦᠨ 12', cyrl: '12 хүн', en: '' })
  })

  it('stay apart when an output is itself a text in all languages', async () => {
    const filling = await open(CHOICE_NAME)
    question(filling, 'pick', 'select_one').answer('b')
    expect(question(filling, 'echo', 'note').label).toEqual({ zh: '选了乙吗', mong: 'ᠬᠣᠶᠠᠷ?', cyrl: '', en: '' })
  })

  it('keep narrow no-break spaces and vowel separators, and drop the dash of a missing translation', async () => {
    const filling = await open(
      xform({
        texts: { q: ['照片', 'ᠭᠠᠷ\u202Fᠤᠨ ᠵᠢᠷᠤᠭ\u180E\u1820\u202F', '-'] },
        data: '<note/>',
        binds: '<bind nodeset="/data/note" type="string"/>',
        body: '<input ref="/data/note"><label ref="#q"/></input>',
      }),
    )
    expect(question(filling, 'note', 'text').label).toEqual({
      zh: '照片',
      mong: 'ᠭᠠᠷ\u202Fᠤᠨ ᠵᠢᠷᠤᠭ\u180E\u1820\u202F',
      cyrl: '',
      en: '',
    })
  })

  it('are the plain label in a form without translations', async () => {
    const filling = await open(xform({ data: '<note/>', body: TEXT }))
    expect(question(filling, 'note', 'text').label).toEqual({ zh: 'n', mong: '', cyrl: '', en: '' })
  })
})

const CHOICE_NAME = xform({
  texts: {
    a: ['甲', 'ᠨᠢᠭᠡ'],
    b: ['乙', 'ᠬᠣᠶᠠᠷ'],
    echo: ['选了<output value="/data/words"/>吗', '<output value="/data/words"/>?'],
  },
  data: '<pick/><words/><echo/>',
  binds:
    '<bind nodeset="/data/pick" type="string"/><bind nodeset="/data/echo" type="string" readonly="true()"/>' +
    `<bind nodeset="/data/words" type="string" calculate="jr:choice-name(/data/pick, '/data/pick')"/>`,
  body:
    '<select1 ref="/data/pick"><label>p</label><item><label ref="#a"/><value>a</value></item>' +
    '<item><label ref="#b"/><value>b</value></item></select1><input ref="/data/echo"><label ref="#echo"/></input>',
})

describe('a submission', () => {
  it('holds the Chinese name of a choice only, though both languages are on the screen', async () => {
    const filling = await open(CHOICE_NAME)
    question(filling, 'pick', 'select_one').answer('b')
    expect(filling.submission()).toContain('<words>乙</words>')
    expect(question(filling, 'pick', 'select_one').choices[1]?.label.mong).toBe('ᠬᠣᠶᠠᠷ')
  })

  it('holds typed Mongolian byte for byte, and gives it back', async () => {
    const typed = '\u202Fᠭᠠᠷ\u202Fᠤᠨ ᠨᠡᠷ\u180Eᠡ\u180B \u1820\u180C\n<&> “引号”\u202F'
    const form = xform({ data: '<note/>', binds: '<bind nodeset="/data/note" type="string"/>', body: TEXT })
    const filling = await open(form)
    question(filling, 'note', 'text').answer(typed)
    const submission = filling.submission()
    const read = new DOMParser().parseFromString(submission, 'text/xml').getElementsByTagName('note')[0]
    expect(read?.textContent).toBe(typed)
    const resumed = await open(form, submission)
    expect(question(resumed, 'note', 'text').value).toBe(typed)
    expect(resumed.submission()).toBe(submission)
  })

  it('stays readable XML whatever is pasted', async () => {
    const filling = await open(xform({ data: '<note/>', binds: '<bind nodeset="/data/note" type="string"/>', body: TEXT }))
    question(filling, 'note', 'text').answer('a\u0000\u0007b\uD800c\uFFFEd\r\ne😀')
    expect(question(filling, 'note', 'text').value).toBe('abcd\ne😀')
  })

  it('keeps its instance id, answers and attachments when it is resumed', async () => {
    const first = await open(householdVisit())
    question(first, 'outcome', 'select_one').answer('visited')
    question(first, 'present_count', 'number').answer('4')
    question(first, 'topics', 'select_multiple').answer(['fraud', 'law'])
    question(first, 'photo', 'photo').answer('photo-1.jpg')
    question(first, 'position', 'position').answer({ lat: 39.1, lon: 107.9, altitude_m: null, accuracy_m: 5 })
    const submission = first.submission()
    expect(instanceId(submission)).toMatch(/^uuid:/)

    const resumed = await open(householdVisit(), submission)
    expect(instanceId(resumed.submission())).toBe(instanceId(submission))
    expect(question(resumed, 'present_count', 'number').value).toBe('4')
    expect(question(resumed, 'topics', 'select_multiple').value).toEqual(['fraud', 'law'])
    expect(question(resumed, 'photo', 'photo').value).toBe('photo-1.jpg')
    expect(question(resumed, 'position', 'position').value).toMatchObject({ lat: 39.1, lon: 107.9, accuracy_m: 5 })
  })

  it('loses a photo that is removed after resuming', async () => {
    const first = await open(householdVisit())
    question(first, 'outcome', 'select_one').answer('visited')
    question(first, 'photo', 'photo').answer('photo-1.jpg')
    const resumed = await open(householdVisit(), first.submission())
    const photo = question(resumed, 'photo', 'photo')
    photo.answer('')
    expect(photo.answered).toBe(false)
    expect(resumed.submission()).not.toContain('photo-1.jpg')
    photo.answer('photo-2.jpg')
    expect(resumed.submission()).toContain('photo-2.jpg')
  })

  it('leaves out what is not asked for, and a draft gives it back after resuming', async () => {
    const first = await open(householdVisit())
    question(first, 'outcome', 'select_one').answer('visited')
    question(first, 'present_count', 'number').answer('4')
    question(first, 'topics', 'select_multiple').answer(['fraud', 'law'])
    question(first, 'opinions', 'text').answer('ᠭᠠᠷ\u202Fᠤᠨ -- 水井 -->')
    question(first, 'position', 'position').answer({ lat: 39.1, lon: 107.9, altitude_m: null, accuracy_m: 5 })
    expect(first.draft()).not.toContain('<!--')
    question(first, 'outcome', 'select_one').answer('declined')
    expect(first.submission()).not.toContain('fraud')
    const draft = first.draft()
    expect(new DOMParser().parseFromString(draft, 'text/xml').getElementsByTagName('parsererror')).toHaveLength(0)

    const resumed = await open(householdVisit(), draft)
    expect(instanceId(resumed.submission())).toBe(instanceId(draft))
    expect(resumed.submission()).not.toContain('fraud')
    // Still not lost when it is opened and closed once more, asked for in between and left out again.
    question(resumed, 'outcome', 'select_one').answer('visited')
    const asked = await open(householdVisit(), resumed.draft())
    question(asked, 'outcome', 'select_one').answer('nobody_home')
    expect(asked.submission()).not.toContain('fraud')
    const again = await open(householdVisit(), asked.draft())
    question(again, 'outcome', 'select_one').answer('visited')
    expect(question(again, 'present_count', 'number').value).toBe('4')
    expect(question(again, 'topics', 'select_multiple').value).toEqual(['fraud', 'law'])
    expect(question(again, 'opinions', 'text').value).toBe('ᠭᠠᠷ\u202Fᠤᠨ -- 水井 -->')
    expect(question(again, 'position', 'position').value).toMatchObject({ lat: 39.1, lon: 107.9 })
    expect(again.draft()).not.toContain('<!--')
  })

  it('names the tablet and the officer where the form asks for them', async () => {
    const filling = await open(
      xform({
        data: '<device/><who/><note/>',
        binds:
          '<bind nodeset="/data/device" type="string" jr:preload="property" jr:preloadParams="deviceid"/>' +
          '<bind nodeset="/data/who" type="string" jr:preload="property" jr:preloadParams="username"/>',
        body: TEXT,
      }),
    )
    expect(filling.submission()).toContain('<device>tablet-7</device><who>officer-3</who>')
  })
})

describe('an answer', () => {
  it('is told to whoever saves', async () => {
    const answered = vi.fn()
    const filling = await open(householdVisit(), null, answered)
    question(filling, 'outcome', 'select_one').answer('visited')
    question(filling, 'opinions', 'text').answer('水')
    expect(answered).toHaveBeenCalledTimes(2)
  })

  it('that breaks a constraint is complained about in both languages', async () => {
    const filling = await open(householdVisit())
    question(filling, 'outcome', 'select_one').answer('visited')
    const count = question(filling, 'present_count', 'number')
    const complaint = computed(() => count.complaint)
    expect(complaint.value?.why).toBe('required')
    count.answer('501')
    expect(complaint.value).toMatchObject({ why: 'constraint', message: { zh: '人数应在 1 到 500 之间' } })
    expect(complaint.value?.message?.mong).not.toBe('')
    count.answer('5')
    expect(complaint.value).toBeNull()
  })

  it('of a number may be emptied again', async () => {
    const filling = await open(householdVisit())
    question(filling, 'outcome', 'select_one').answer('visited')
    const count = question(filling, 'present_count', 'number')
    count.answer('7')
    count.answer('')
    expect(count.value).toBe('')
  })

  it('of a type without a component is shown as unsupported with the raw type', async () => {
    const filling = await open(
      xform({
        data: '<is/><clip/><note/>',
        binds: '<bind nodeset="/data/is" type="boolean"/><bind nodeset="/data/clip" type="binary"/>',
        body:
          '<input ref="/data/is"><label>t</label></input>' +
          '<upload ref="/data/clip" mediatype="video/*"><label>c</label></upload>' +
          TEXT,
      }),
    )
    expect(question(filling, 'is', 'unsupported').type).toBe('boolean')
    expect(question(filling, 'clip', 'unsupported').type).toBe('video/*')
  })
})

describe('a form that cannot be opened', () => {
  it('says so', async () => {
    await expect(open('<h:html')).rejects.toThrow()
    await expect(open('<a/>')).rejects.toThrow()
  })
})

describe('repeats', () => {
  it('grow and shrink, and every instance has its own questions', async () => {
    const filling = await open(
      xform({
        data: '<child jr:template=""><note/></child>',
        binds: '<bind nodeset="/data/child/note" type="string"/>',
        body: '<group ref="/data/child"><label>c</label><repeat nodeset="/data/child"><input ref="/data/child/note"><label>n</label></input></repeat></group>',
      }),
    )
    const repeat = filling.items[0]
    if (repeat?.kind !== 'repeat') throw new Error('no repeat')
    const count = computed(() => repeat.instances.length)
    const before = count.value
    repeat.add()
    expect(count.value).toBe(before + 1)
    repeat.remove(0)
    expect(count.value).toBe(before)
  })
})
