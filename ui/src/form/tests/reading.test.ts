// @vitest-environment jsdom
// What a form reads from the tablet and from itself: lists, the answers given last, preloads, defaults, calculations.
import { Blob } from 'node:buffer'
import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { openFilling } from '../engine'
import type { Filling, Item, Question } from '../question'
import { xform } from './forms'

const FILLER = { device: 'tablet-7', officer: 'officer-3' }

function open(xml: string, resources: Record<string, string> = {}, submission: string | null = null) {
  return openFilling(xml, {
    submission,
    filler: FILLER,
    resource: (url) => Promise.resolve(url in resources ? (new Blob([resources[url] ?? '']) as globalThis.Blob) : null),
    answered: () => undefined,
  })
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

const HOUSEHOLDS =
  'name,label,label_mong,__version\nh1,巴图,ᠪᠠᠲᠤ\u202Fᠶᠢᠨ,1\nh2,"其其格, 大",,1\n'
const PERSONS = 'name,label,label_mong,household\np1,苏和,ᠰᠦᠬᠡ,h1\np2,娜仁,ᠨᠠᠷᠠᠨ,h2\n'

const FROM_FILE = xform({
  data: '<who/><whom/><name/><direct/><said/>',
  binds:
    '<bind nodeset="/data/who" type="string"/><bind nodeset="/data/whom" type="string"/>' +
    `<bind nodeset="/data/name" type="string" calculate="concat('户主：', jr:choice-name(/data/who, '/data/who'), '。')"/>` +
    `<bind nodeset="/data/direct" type="string" calculate="instance('household')/root/item[name = /data/who]/label"/>` +
    '<bind nodeset="/data/said" type="string" readonly="true()"/>',
  body:
    `<select1 ref="/data/who"><label>w</label><itemset nodeset="instance('household')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>` +
    `<select ref="/data/whom"><label>m</label><itemset nodeset="instance('person')/root/item[household = /data/who]"><value ref="name"/><label ref="label"/></itemset></select>` +
    '<input ref="/data/said"><label ref="#said"/></input>',
  texts: { said: ['选了<output value="/data/name"/>', 'ᠰᠣᠩᠭᠤᠪᠠ <output value="/data/name"/>'] },
}).replace(
  '<bind ',
  '<instance id="household" src="jr://file-csv/household.csv"/><instance id="person" src="jr://file-csv/person.csv"/><bind ',
)
const FILES = { 'jr://file-csv/household.csv': HOUSEHOLDS, 'jr://file-csv/person.csv': PERSONS }

describe('a list from the tablet', () => {
  it('has both names of every household, byte for byte', async () => {
    const filling = await open(FROM_FILE, FILES)
    expect(question(filling, 'who', 'select_one').choices.map((choice) => choice.label)).toEqual([
      { zh: '巴图', mong: 'ᠪᠠᠲᠤ\u202Fᠶᠢᠨ', cyrl: '', en: '' },
      { zh: '其其格, 大', mong: '', cyrl: '', en: '' },
    ])
  })

  it('is filtered by what was answered', async () => {
    const filling = await open(FROM_FILE, FILES)
    const whom = question(filling, 'whom', 'select_multiple')
    expect(whom.choices).toHaveLength(0)
    question(filling, 'who', 'select_one').answer('h2')
    expect(whom.choices.map((choice) => choice.value)).toEqual(['p2'])
    whom.answer(['p2'])
    question(filling, 'who', 'select_one').answer('h1')
    expect(whom.value).toEqual([])
  })

  it('leaves only Chinese in a submission, and both languages on the screen', async () => {
    const filling = await open(FROM_FILE, FILES)
    question(filling, 'who', 'select_one').answer('h1')
    expect(filling.submission()).toContain('<name>户主：巴图。</name><direct>巴图</direct>')
    expect(filling.submission()).not.toContain('\u2063')
    expect(filling.draft()).not.toContain('\u2063')
    expect(question(filling, 'said', 'note').label).toMatchObject({ zh: '选了户主：巴图。' })
    expect(question(filling, 'said', 'note').label.mong).toContain('ᠪᠠᠲᠤ\u202Fᠶᠢᠨ')
  })

  it('that is not there or empty is an empty list, and the form can be filled', async () => {
    for (const files of [{}, { 'jr://file-csv/household.csv': '', 'jr://file-csv/person.csv': '\n' }]) {
      const filling = await open(FROM_FILE, files)
      expect(question(filling, 'who', 'select_one').choices).toEqual([])
      expect(filling.submission()).toContain('<who/>')
    }
  })

  it('of one row tells a form where it is', async () => {
    const form = xform({
      data: '<area/>',
      binds: `<bind nodeset="/data/area" type="string" calculate="instance('context')/root/item/area_label"/>`,
      body: '<input ref="/data/area"><label>a</label></input>',
    }).replace('<bind ', '<instance id="context" src="jr://file-csv/context.csv"/><bind ')
    const filling = await open(form, { 'jr://file-csv/context.csv': 'household,area_label,today\nh1,查干淖尔,2026-11-23\n' })
    expect(filling.submission()).toContain('<area>查干淖尔</area>')
  })
})

describe('the answers given last', () => {
  const form = xform({
    data: '<note/>',
    binds:
      '<bind nodeset="/data/note" type="string"/>' +
      `<setvalue event="odk-instance-first-load" ref="/data/note" value="instance('__last-saved')/data/note"/>`,
    body: '<input ref="/data/note"><label>n</label></input>',
  }).replace('<bind ', '<instance id="__last-saved" src="jr://instance/last-saved"/><bind ')

  it('are the first ones of the next form', async () => {
    const last = '<?xml version="1.0"?>\n<data xmlns:orx="http://openrosa.org/xforms" id="t" version="1"><note>ᠨᠡᠷ\u180Eᠡ</note><meta><orx:instanceID>uuid:last</orx:instanceID></meta></data><!--not asked now: {}-->'
    const filling = await open(form, { 'jr://instance/last-saved': last })
    expect(question(filling, 'note', 'text').value).toBe('ᠨᠡᠷ\u180Eᠡ')
    expect(filling.submission()).not.toContain('uuid:last')
  })

  it('do not overwrite what a draft already has', async () => {
    const first = await open(form, { 'jr://instance/last-saved': '<data><note>旧</note></data>' })
    question(first, 'note', 'text').answer('新')
    const again = await open(form, { 'jr://instance/last-saved': '<data><note>旧</note></data>' }, first.draft())
    expect(question(again, 'note', 'text').value).toBe('新')
  })

  it('are none the first time', async () => {
    expect(question(await open(form), 'note', 'text').value).toBe('')
  })
})

describe('what a form fills in by itself', () => {
  it('are who, on what, when, and defaults', async () => {
    const filling = await open(
      xform({
        data: '<device/><who/><began/><day/><ended/><given>草场</given><sum/>',
        binds:
          '<bind nodeset="/data/device" type="string" jr:preload="property" jr:preloadParams="deviceid"/>' +
          '<bind nodeset="/data/who" type="string" jr:preload="property" jr:preloadParams="username"/>' +
          '<bind nodeset="/data/began" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>' +
          '<bind nodeset="/data/day" type="date" jr:preload="date" jr:preloadParams="today"/>' +
          '<bind nodeset="/data/ended" type="dateTime" jr:preload="timestamp" jr:preloadParams="end"/>' +
          `<bind nodeset="/data/sum" type="string" calculate="concat(/data/given, '·', /data/who)"/>`,
        body: '<input ref="/data/given"><label>g</label></input>',
      }),
    )
    const xml = filling.submission()
    expect(xml).toContain('<device>tablet-7</device><who>officer-3</who>')
    for (const name of ['began', 'ended']) expect(xml).toMatch(new RegExp(`<${name}>\\d{4}-\\d\\d-\\d\\dT[^<]+<`))
    expect(xml).toMatch(/<day>\d{4}-\d\d-\d\d<\/day>/)
    expect(xml).toContain('<given>草场</given><sum>草场·officer-3</sum>')
  })
})

describe('the form of the gallery', () => {
  const everything = readFileSync('src/testing/form/everything.xml', 'utf8')

  it('asks every kind of question but one', async () => {
    const filling = await open(everything, FILES)
    const questions = questionsIn(filling.items)
    const kinds = new Set(questions.map((each) => each.kind))
    for (const kind of ['text', 'number', 'date', 'time', 'moment', 'range', 'rank', 'select_one', 'select_multiple', 'note', 'photo', 'signature', 'drawing', 'audio', 'file', 'position', 'line', 'barcode', 'acknowledge'] as const) {
      expect(kinds, kind).toContain(kind)
    }
    expect(questions.filter((each) => each.kind === 'unsupported').map((each) => each.name)).toEqual(['film'])
  })

  it('says pyxform’s own words in the languages of the pack', async () => {
    const filling = await open(everything, FILES)
    const many = question(filling, 'many', 'select_multiple')
    expect(many.choices.at(-1)?.label).toMatchObject({ zh: '其他', mong: 'ᠪᠤᠰᠤᠳ' })
    many.answer(['other'])
    expect(question(filling, 'many_other', 'text').label.zh).toBe('请写明')
    expect(question(filling, 'many_other', 'text').relevant).toBe(true)
  })

  it('shuffles choices and loses none', async () => {
    const filling = await open(everything, FILES)
    const values = (name: string) => question(filling, name, 'select_one').choices.map((choice) => choice.value)
    expect([...values('mixed')].sort()).toEqual([...values('columns')].sort())
  })

  it('has sumus of the chosen banner only', async () => {
    const filling = await open(everything, FILES)
    question(filling, 'banner', 'select_one').answer('otog')
    expect(question(filling, 'sumu', 'select_one').choices.map((choice) => choice.value)).toEqual(['sumitu', 'ulan'])
    question(filling, 'sumu', 'select_one').answer('ulan')
    question(filling, 'banner', 'select_one').answer('uxin')
    expect(question(filling, 'sumu', 'select_one').value).toBeNull()
  })
})

describe('an answer that is not asked for at the moment', () => {
  it('of any kind is in the draft, and back when it is asked for again', async () => {
    const kinds = ['time', 'dateTime', 'int', 'odk:rank', 'geotrace', 'geoshape', 'barcode', 'binary'] as const
    const form = xform({
      data: '<on>y</on>' + kinds.map((_, index) => `<q${index}/>`).join(''),
      binds: kinds.map((kind, index) => `<bind nodeset="/data/q${index}" type="${kind}" relevant="/data/on = 'y'"/>`).join(''),
      body:
        '<input ref="/data/on"><label>on</label></input>' +
        kinds
          .map((kind, index) => {
            const at = `ref="/data/q${index}"`
            if (kind === 'binary') return `<upload ${at} mediatype="audio/*"><label>q</label></upload>`
            if (kind === 'int') return `<range ${at} start="1" end="5" step="1"><label>q</label></range>`
            if (kind === 'odk:rank') {
              const items = ['a', 'b'].map((each) => `<item><label>${each}</label><value>${each}</value></item>`).join('')
              return `<odk:rank xmlns:odk="http://www.opendatakit.org/xforms" ${at}><label>q</label>${items}</odk:rank>`
            }
            return `<input ${at}><label>q</label></input>`
          })
          .join(''),
    })
    const first = await open(form)
    const points = [0, 1, 2].map((n) => ({ lat: 39.1 + n * n, lon: 107.98 + n, altitude_m: 1300, accuracy_m: 4 }))
    question(first, 'q0', 'time').answer('14:05')
    question(first, 'q1', 'moment').answer('2026-11-22T14:05')
    question(first, 'q2', 'range').answer(4)
    question(first, 'q3', 'rank').answer(['b', 'a'])
    question(first, 'q4', 'line').answer(points)
    question(first, 'q5', 'line').answer(points)
    question(first, 'q6', 'barcode').answer('690')
    question(first, 'q7', 'audio').answer('sound-1.webm')
    const before = first.submission()
    question(first, 'on', 'text').answer('n')
    expect(first.submission()).not.toContain('690')

    const again = await open(form, {}, first.draft())
    question(again, 'on', 'text').answer('y')
    expect(again.submission()).toBe(before)
    expect(question(again, 'q1', 'moment').value).toBe('2026-11-22T14:05')
    expect(question(again, 'q5', 'line').value).toEqual(points)
  })
})

describe('a line of too few points', () => {
  const form = xform({
    data: '<field/><on>y</on>',
    binds: `<bind nodeset="/data/field" type="geoshape" relevant="/data/on = 'y'"/><bind nodeset="/data/on" type="string"/>`,
    body: '<input ref="/data/field"><label>f</label></input><input ref="/data/on"><label>o</label></input>',
  })
  const points = [
    { lat: 39.1, lon: 107.98, altitude_m: null, accuracy_m: 4.5 },
    { lat: 39.2, lon: 107.99, altitude_m: 1300, accuracy_m: null },
  ]

  it('is no answer, and the draft has it nevertheless', async () => {
    const first = await open(form)
    question(first, 'field', 'line').answer(points)
    expect(first.submission()).toContain('<field/>')
    const again = await open(form, {}, first.draft())
    const field = question(again, 'field', 'line')
    expect(field.value).toEqual(points)
    expect(field.answered).toBe(false)
    field.answer([...points, { lat: 39.1, lon: 107.99, altitude_m: null, accuracy_m: null }])
    expect(again.submission()).toMatch(/<field>39\.1 107\.98/)
    expect(again.draft()).not.toContain('<!--')
  })

  it('is not lost while it is not asked for', async () => {
    const first = await open(form)
    question(first, 'field', 'line').answer(points)
    question(first, 'on', 'text').answer('n')
    const again = await open(form, {}, first.draft())
    question(again, 'on', 'text').answer('y')
    expect(question(again, 'field', 'line').value).toEqual(points)
  })
})

describe('an instance that was taken out', () => {
  const form = xform({
    data: '<dog jr:template=""><name/><bites/><whom/><toy jr:template=""><what/></toy></dog>',
    binds:
      '<bind nodeset="/data/dog/name" type="string"/><bind nodeset="/data/dog/bites" type="string"/>' +
      `<bind nodeset="/data/dog/whom" type="int" relevant="../bites = 'y'"/><bind nodeset="/data/dog/toy/what" type="string"/>`,
    body:
      '<group ref="/data/dog"><label>d</label><repeat nodeset="/data/dog"><input ref="/data/dog/name"><label>n</label></input>' +
      '<select1 ref="/data/dog/bites"><label>b</label><item><label>y</label><value>y</value></item></select1>' +
      '<input ref="/data/dog/whom"><label>w</label></input>' +
      '<group ref="/data/dog/toy"><label>t</label><repeat nodeset="/data/dog/toy"><input ref="/data/dog/toy/what"><label>x</label></input></repeat></group></repeat></group>',
  })

  it('comes back where it was with all its answers, also those of its own repeats', async () => {
    const filling = await open(form)
    const repeat = filling.items[0]
    if (repeat?.kind !== 'repeat') throw new Error('no repeat')
    while (repeat.instances.length < 3) repeat.add()
    repeat.instances.forEach((instance, index) => {
      const [name, bites, whom, toys] = instance.items
      if (name?.kind !== 'text' || bites?.kind !== 'select_one' || whom?.kind !== 'number' || toys?.kind !== 'repeat') throw new Error('form')
      name.answer(`狗${index}`)
      bites.answer('y')
      whom.answer(String(index))
      while (toys.instances.length <= index) toys.add()
      toys.instances.forEach((toy, at) => {
        const what = toy.items[0]
        if (what?.kind === 'text') what.answer(`${index}-${at}`)
      })
    })
    const answers = (xml: string) => xml.slice(xml.indexOf('<dog>'), xml.lastIndexOf('</dog>'))
    const before = answers(filling.submission())
    const undo = repeat.remove(1)
    expect(repeat.instances).toHaveLength(2)
    expect(filling.submission()).not.toContain('狗1')
    undo()
    expect(answers(filling.submission())).toBe(before)
  })
})
