// @vitest-environment jsdom
// What the engine says about generated submissions of our forms and of a form with every function: written to the file that
// `AILCHIN_DIFFERENTIAL` names, if it does. `tests/tests/differential.rs` runs this and compares the program's own check with it.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

import { loadForm } from '@getodk/xforms-engine'
import { expect, it } from 'vitest'

import { listAt } from '@/testing/form/lists'

import { xform } from '../tests/forms'

const OUT = process.env['AILCHIN_DIFFERENTIAL']
const FORMS = '../packs/anmulong/forms/'

interface Leaf {
  ref: string
  value: string
  relevant: boolean
  violation: string | null
}
interface Case {
  submission: string
  leaves: Leaf[]
}

/** What the engine's nodes have in common, as far as it is asked here. */
interface AnyNode {
  readonly nodeType: string
  readonly valueType?: string
  readonly currentState: {
    readonly reference: string
    readonly relevant: boolean
    readonly children?: readonly AnyNode[] | null
    readonly instanceValue?: string
    readonly valueOptions?: readonly { readonly value: string }[]
  }
  readonly validationState?: { readonly violation?: { readonly condition: string } | null }
}

/** Dice that always fall the same way. */
function dice(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const POOLS: Record<string, readonly string[]> = {
  string: ['', 'a', '巴特尔', 'ᠪᠠᠭᠠᠲᠤᠷ', '12', ' x  y ', '13900000001', '2026-05-01'],
  int: ['', '0', '1', '7', '-3', '501', '12'],
  decimal: ['', '0', '0.5', '-2.25', '107.25', '1000000'],
  date: ['', '2026-05-01', '2020-02-29', '2030-12-31', '1999-01-01'],
  geopoint: ['', '39.5 107.25 0 5', '-12.25 5.5'],
  geotrace: ['', '39.1 107.9 0 0; 39.2 107.9 0 0'],
  geoshape: ['', '39.1 107.9 0 0; 39.1 107.901 0 0; 39.101 107.901 0 0; 39.1 107.9 0 0'],
}

function leavesOf(node: AnyNode): AnyNode[] {
  const children = node.currentState.children
  return children === null || children === undefined ? [node] : children.flatMap(leavesOf)
}

function nameOf(node: AnyNode) {
  return node.currentState.reference.replace(/.*\//, '')
}

function poolOf(node: AnyNode, roll: (below: number) => number): string | null {
  const options = node.currentState.valueOptions?.map((option) => option.value)
  if (options !== undefined) {
    if (node.nodeType !== 'select' || options.length === 0) return null
    return options.filter(() => roll(options.length) === 0).slice(0, (node as { selectType?: string }).selectType === 'select1' ? 1 : 9).join(' ')
  }
  const pool = node.nodeType === 'input' ? POOLS[node.valueType ?? ''] : undefined
  return pool?.[roll(pool.length)] ?? null
}

function put(xml: string, name: string, value: string) {
  return xml.replace(new RegExp(`<${name}(?:/>|>[^<]*</${name}>)`), `<${name}>${value}</${name}>`)
}

async function caseOf(form: Extract<Awaited<ReturnType<typeof loadForm>>, { restoreInstance: unknown }>, xml: string): Promise<Case> {
  const data = new FormData()
  data.set('xml_submission_file', new File([xml], 'xml_submission_file', { type: 'text/xml' }))
  const { root } = await form.restoreInstance({ data: [data] } as never)
  void root.prepareInstancePayload({ payloadType: 'monolithic' })
  const leaves = leavesOf(root as unknown as AnyNode).map((node) => ({
    ref: node.currentState.reference,
    value: node.currentState.instanceValue ?? '',
    relevant: node.currentState.relevant,
    violation: node.validationState?.violation?.condition ?? null,
  }))
  return { submission: root.instanceState.instanceXML, leaves }
}

async function load(xml: string) {
  const form = await loadForm(xml, {
    fetchFormAttachment: (url: URL) => {
      const list = listAt(url.href)
      return Promise.resolve(new Response(list, { status: list === null ? 404 : 200 }))
    },
  })
  if (form.status === 'failure') throw new Error(form.error.message)
  return form
}

async function ofPack(xml: string, count: number): Promise<Case[]> {
  const form = await load(xml)
  const { root } = form.createInstance()
  const asked = leavesOf(root as unknown as AnyNode)
  const empty = root.instanceState.instanceXML
  // What is not asked at first is not written; the form's own instance has all places.
  const declared = /<instance>\s*(<(\w+) [\s\S]*?<\/\2>)\s*<\/instance>/.exec(xml)?.[1] ?? empty
  // A template is what a new instance of a repeat looks like, and none of the answers.
  const instance = declared.replace(/<(\w+) jr:template="">[\s\S]*?<\/\1>\s*/g, '')
  const id = /<(?:orx:)?instanceID>[^<]*<\/(?:orx:)?instanceID>/.exec(empty)?.[0] ?? ''
  const whole = instance.replace(/<(orx:)?instanceID\/>/, id).replace(/^<(\w+) /, '<$1 xmlns:orx="http://openrosa.org/xforms" ')
  const roll = dice(7)
  const cases: Case[] = []
  for (let n = 0; n < count; n += 1) {
    let filled = whole
    for (const node of asked) {
      const value = roll(5) === 0 ? '' : poolOf(node, roll)
      if (value !== null) filled = put(filled, nameOf(node), value)
    }
    cases.push(await caseOf(form, filled))
  }
  return cases
}

const EXPRESSIONS = [
  '/data/a + 1', '/data/a - /data/b', '/data/a * 3', '/data/a div 2', '/data/a mod 4', '-/data/a', '1 div 0', '0.1 + 0.2',
  'round(/data/b)', 'round(/data/b, 1)', 'round(-2.5)', 'int(/data/b)', 'abs(/data/a)', 'floor(/data/b)', 'ceiling(/data/b)',
  'pow(/data/a, 2)', 'sqrt(16)', 'exp(1)', 'exp10(2)', 'log(10)', 'log10(1000)', 'pi()', 'sin(1)', 'cos(1)', 'tan(1)', 'asin(0.5)',
  'acos(0.5)', 'atan(1)', 'atan2(1, 2)', 'number(/data/s)', 'string(/data/b)', 'string-length(/data/s)', 'concat(/data/s, "-", /data/a)',
  'contains(/data/s, "a")', 'starts-with(/data/s, "1")', 'ends-with(/data/s, "1")', 'substring(/data/s, 2)', 'substring(/data/s, 2, 2)',
  'substr(/data/s, 1, 3)', 'substr(/data/s, -2)', 'substring-before(/data/s, "0")', 'substring-after(/data/s, "0")',
  'translate(/data/s, "13", "ab")', 'normalize-space(/data/s)', 'join(", ", /data/s, /data/a)', 'join(" ", /data/herd/x)',
  'coalesce(/data/s, "none")', 'if(/data/a > 3, "many", "few")', 'if(/data/s, "yes", "no")', 'if(/data/s = "a", 1, 2)',
  'boolean(/data/s)', 'boolean-from-string("1")', 'not(/data/a = 1)', '/data/a = 1 or /data/s = "a"', '/data/a != 1 and /data/b > 0',
  'count(/data/herd)', 'sum(/data/herd/x)', 'max(/data/herd/x)', 'min(/data/herd/x)', 'max(/data/a, /data/b)', 'count-non-empty(/data/herd/y)',
  'count(/data/herd[x > 2])', '/data/herd[2]/y', '/data/herd[position() = 1]/x', '/data/herd[last()]/x',
  'indexed-repeat(/data/herd/x, /data/herd, 2)', 'selected(/data/m, "two")', 'count-selected(/data/m)', 'selected-at(/data/m, 1)',
  'checklist(1, 2, /data/a > 1, /data/b > 1)', 'weighted-checklist(2, 5, /data/a > 1, 2, /data/b > 1, 3)', 'regex("139", "^[0-9]+$")',
  'date("2026-05-01")', 'date(20000)', 'date(/data/d)', 'format-date("2026-05-01", "%Y/%m/%d")', 'format-date(/data/d, "%y-%n-%e")',
  'decimal-date-time("2026-05-01T12:00:00Z")', 'date(decimal-date-time(/data/d) + 7)', '/data/d > date("2026-01-01")',
  'format-date-time("2026-05-01T12:34:56Z", "%d.%m. %M:%S")', 'area("39 107 0 0;39 107.01 0 0;39.01 107.01 0 0;39 107 0 0")',
  'distance("39 107 0 0;39 107.01 0 0")', 'instance("places")/root/item[name = "b"]/metres', 'count(instance("places")/root/item)',
  'sum(instance("places")/root/item/metres)', 'string(true())', '/data/nothing', '../a', 'string(1 div 3)',
  '1000000 * 1000000', 'once("first")', '"2" + 2', '"3" * "4"', '/data/s = /data/s', '/data/herd/x = 3', '/data/herd/x != 3',
]

function everyFunction(): string {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
  const calculates = EXPRESSIONS.map((_, n) => `<c${n}/>`).join('')
  const binds = EXPRESSIONS.map((text, n) => `<bind nodeset="/data/c${n}" type="string" calculate="${escaped(text)}"/>`).join('')
  const item = (name: string, metres: number) => `<item><name>${name}</name><metres>${metres}</metres></item>`
  return xform({
    data: `<a/><b/><s/><d/><m/><herd><x/><y/><place/><double/></herd>${calculates}`,
    binds:
      `<instance id="places"><root>${item('a', 1)}${item('b', 20)}${item('c', 300)}</root></instance>` +
      '<bind nodeset="/data/a" type="int" constraint=". &gt;= 0 and . &lt; 100" required="true()"/>' +
      '<bind nodeset="/data/b" type="decimal" relevant="/data/a &gt; 0" constraint=". &lt; /data/a * 10"/>' +
      '<bind nodeset="/data/s" type="string" required="/data/a = 7"/>' +
      '<bind nodeset="/data/d" type="date" constraint=". &gt; date(\'2020-01-01\')"/>' +
      '<bind nodeset="/data/m" type="string"/>' +
      '<bind nodeset="/data/herd/x" type="int" constraint=". &gt; position(..)"/>' +
      '<bind nodeset="/data/herd/y" type="string" relevant="../x &gt; 2" required="true()"/>' +
      '<bind nodeset="/data/herd/place" type="string" calculate="position(..)"/>' +
      '<bind nodeset="/data/herd/double" type="string" calculate="../x * 2"/>' +
      binds,
    body:
      ['a', 'b', 's', 'd', 'm'].map((name) => `<input ref="/data/${name}"><label>${name}</label></input>`).join('') +
      '<group ref="/data/herd"><label>h</label><repeat nodeset="/data/herd">' +
      '<input ref="/data/herd/x"><label>x</label></input><input ref="/data/herd/y"><label>y</label></input></repeat></group>',
  })
}

async function ofEveryFunction(xml: string, count: number): Promise<Case[]> {
  const form = await load(xml)
  const roll = dice(11)
  const one = (type: string) => {
    const pool = POOLS[type] ?? ['']
    return pool[roll(pool.length)] ?? ''
  }
  const cases: Case[] = []
  for (let n = 0; n < count; n += 1) {
    const herds = Array.from({ length: roll(4) }, () => `<herd><x>${one('int')}</x><y>${one('string')}</y><place/><double/></herd>`).join('')
    const chosen = ['', 'one', 'one two', 'two three one'][roll(4)] ?? ''
    const submission =
      `<data id="t" version="1" xmlns:orx="http://openrosa.org/xforms"><a>${one('int')}</a><b>${one('decimal')}</b><s>${one('string')}</s>` +
      `<d>${one('date')}</d><m>${chosen}</m>${herds}${EXPRESSIONS.map((_, at) => `<c${at}/>`).join('')}` +
      `<meta><instanceID>uuid:${n}</instanceID></meta></data>`
    cases.push(await caseOf(form, submission))
  }
  return cases
}

it('says what the engine says of every form', async () => {
  const names = readdirSync(FORMS).filter((name) => name.endsWith('.xml'))
  const forms: { name: string; xml: string; cases: Case[] }[] = []
  for (const name of names) {
    const xml = readFileSync(FORMS + name, 'utf8')
    forms.push({ name, xml, cases: await ofPack(xml, 25) })
  }
  const xml = everyFunction()
  forms.push({ name: 'every function', xml, cases: await ofEveryFunction(xml, 60) })
  if (OUT !== undefined) writeFileSync(OUT, JSON.stringify({ forms, expressions: EXPRESSIONS }))
  expect(forms.length).toBeGreaterThan(1)
})
