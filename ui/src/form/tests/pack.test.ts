// @vitest-environment jsdom
// Every form of the pack, filled as on a day in the field: what opens when, what is complained about, what is worked out,
// and which records the submission makes.
import { readdirSync, readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { Paper, xformOf, type Answer } from './paper'

const PACK = '../packs/anmulong'

interface Manifest {
  forms: { id: string; kind: string; about: string; names: Record<string, string> }[]
  kinds: { kind: string; retention_months: number | null }[]
}

const manifest = JSON.parse(readFileSync(`${PACK}/pack.json`, 'utf8')) as Manifest
const FORMS = manifest.forms.map((form) => form.id)

/** A day so many days from now, as the tablet's calendar counts. */
function day(from_today: number): string {
  const at = new Date()
  at.setDate(at.getDate() + from_today)
  const two = (number: number) => String(number).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

function complains(paper: Paper, name: string, zh: string) {
  const complaint = paper.complaint(name)
  expect(complaint, name).toMatchObject({ why: 'constraint', message: { zh } })
  expect(complaint?.message.mong, name).toMatch(/^[\u1820-\u1842]/u)
}

/** A rectangle of about 86 m by 111 m. */
const LAND = '39.1 107.9 0 0; 39.1 107.901 0 0; 39.101 107.901 0 0; 39.101 107.9 0 0; 39.1 107.9 0 0'

describe('the pack', () => {
  it('lists every form that is in its folder, with names in four languages and what it is about', () => {
    const files = readdirSync(`${PACK}/forms`).filter((name) => name.endsWith('.xml'))
    expect(files.map((name) => name.slice(0, -4)).sort()).toEqual([...FORMS].sort())
    for (const form of manifest.forms) {
      expect(Object.keys(form.names).sort(), form.id).toEqual(['en', 'mn-Cyrl', 'mn-Mong', 'zh-Hans'])
      expect(['household', 'case', 'area'], form.id).toContain(form.about)
      expect(form.kind, form.id).toBe(form.about === 'household' ? 'visit' : 'activity')
    }
  })

  it('says in its notices the retention period that it keeps', () => {
    const months = (kind: string) => manifest.kinds.find((rule) => rule.kind === kind)?.retention_months
    for (const form of manifest.forms) {
      const xml = xformOf(form.id)
      const [, own, cases] = /保存多久：(?:本表 )?(\d+) 个月(?:，案件 (\d+) 个月)?/.exec(xml) ?? []
      const makesCases = xml.includes('dataset="case"')
      if (own === undefined) {
        expect((form.about === 'household' || makesCases) && !['patrol', 'hazard'].includes(form.id), form.id).toBe(false)
        continue
      }
      expect(Number(own), form.id).toBe(months(form.kind))
      expect(cases === undefined ? undefined : Number(cases), form.id).toBe(makesCases ? months('case') : undefined)
    }
  })
})

describe.each(FORMS)('%s', (form) => {
  it('opens, speaks both languages everywhere and asks no name twice', async () => {
    await expect(Paper.open(form)).resolves.toBeDefined()
    const doc = new DOMParser().parseFromString(xformOf(form), 'text/xml')
    const [chinese, mongolian] = [...doc.getElementsByTagName('translation')]
    const ids = (translation: Element | undefined) => [...(translation?.children ?? [])].map((text) => text.getAttribute('id'))
    expect(ids(mongolian)).toEqual(ids(chinese))
    for (const text of mongolian?.children ?? []) {
      const said = text.textContent.trim()
      expect(said, text.getAttribute('id') ?? '').not.toBe('-')
      // Letters of the traditional script, its marks, signs of both scripts; an output stands for what is put in there.
      expect(said, text.getAttribute('id') ?? '').toMatch(/^[\u1800-\u180F\u1820-\u1842\u202F 0-9()?.*\n]+$/u)
    }
    const asked = [...doc.querySelectorAll('input, select1, select, rank, range, trigger, upload')].map((each) => each.getAttribute('ref'))
    const names = asked.map((path) => path?.replace(/^.*\//, ''))
    expect(new Set(names).size).toBe(names.length)
  })

  it('keeps its labels, hints and messages short enough for a column', () => {
    const doc = new DOMParser().parseFromString(xformOf(form), 'text/xml')
    const notes = new Set([...doc.querySelectorAll('bind[readonly="true()"]')].map((bind) => bind.getAttribute('nodeset')))
    for (const text of doc.getElementsByTagName('translation')[1]?.children ?? []) {
      const [path, part] = (text.getAttribute('id') ?? '').split(/:(?:jr:)?/)
      if (notes.has(path ?? '') || text.textContent.includes('**')) continue
      const letters = (text.textContent.match(/[\u1820-\u1842]/gu) ?? []).length
      expect(letters, text.getAttribute('id') ?? '').toBeLessThanOrEqual(part === 'hint' ? 90 : 60)
    }
  })
})

describe('an outreach event', () => {
  it('adds up what was handed out and counts nobody twice', async () => {
    const paper = await Paper.open('outreach_event')
    expect(paper.label('area_shown')).toMatchObject({ zh: '区域：苏米图嘎查' })
    expect(paper.label('area_shown').mong).toMatch(/ᠰᠦᠮᠡᠲᠦ$/)
    paper.fill({ place_kind: 'shearing', helpers: ['officer', 'volunteer'], topics: ['fraud', 'fire'], bulletin_used: 'yes' })
    paper.fill({ bulletin: '12', audience_count: 0 })
    complains(paper, 'audience_count', '数量应在 1 到 5000 之间')
    paper.fill({ audience_count: 60, household_count: 61 })
    complains(paper, 'household_count', '户数不能多于人数')
    paper.fill({ household_count: 22, leaflet_kinds: ['fraud', 'law'], leaflets_fraud: 200, leaflets_law: 40 })
    expect(paper.asks('leaflets_fire')).toBe(false)
    expect(paper.value('leaflets_total')).toBe('240')
    expect(paper.label('leaflets_shown').zh).toContain('**240**')
    paper.fill({ apps_helped: 'yes', apps_installed: 40, apps_declined: 30 })
    complains(paper, 'apps_declined', '与安装人数相加不能多于听众人数')
    paper.fill({ apps_declined: 5, photo: 'photo-1.jpg', position: '39.1 107.9 1320 4' })
    expect(paper.asks('photo_second')).toBe(true)
    expect(paper.missing()).toEqual([])
    expect(paper.submission()).not.toContain('<entity')
  })
})

describe('a gathering', () => {
  it('takes many households, each once, and makes a task where more is to be done', async () => {
    const paper = await Paper.open('gathering')
    paper.fill({ occasion: 'shearing', topics: ['fraud'], told: true })
    paper.add('attending').add('attending')
    paper.fill({
      'attending[1]/household': 'h1',
      'attending[1]/household_outcome': 'visited',
      'attending[1]/present_count': 3,
      'attending[1]/needs_more': 'yes',
      'attending[1]/do_by': day(7),
      'attending[1]/do_what': '送饲料表',
      'attending[2]/household': 'h1',
    })
    complains(paper, 'attending[2]/household', '这一户已经登记过')
    paper.fill({
      'attending[2]/household': 'h2',
      'attending[2]/household_outcome': 'visited',
      'attending[2]/present_count': 4,
      'attending[3]/household': 'h3',
      'attending[3]/household_outcome': 'declined',
    })
    expect(paper.asks('attending[3]/present_count')).toBe(false)
    expect(paper.label('counted').zh).toBe('共 **3** 户，其中不同意 1 户；在场 **7** 人。')
    expect(paper.missing()).toEqual([])
    const tasks = paper.entities('task')
    expect(tasks).toMatchObject([{ create: true, label: '送饲料表' }])
    expect(tasks[0]?.id).toMatch(/^[0-9a-f-]{36}$/)
    expect(paper.value('attending[1]/task_household')).toBe('h1')
  })

  it('counts nobody as long as nobody is entered', async () => {
    expect((await Paper.open('gathering')).value('present_total')).toBe('0')
  })
})

describe('a return visit', () => {
  it('marks the promised task done', async () => {
    const paper = await Paper.open('return_visit')
    expect(paper.asks('promised')).toBe(false)
    paper.fill({ outcome: 'visited', task: 't1', work_done: 'done', satisfied: 'good', explained: 'yes', signed: 'declined' })
    expect(paper.asks('remains')).toBe(false)
    expect(paper.value('done_on')).toBe(day(0))
    expect(paper.missing()).toEqual([])
    expect(paper.entities('task')).toEqual([{ id: 't1', create: false, update: true, base: '2', label: '送来户口本' }])
  })

  it('sets a new day for what remains, and makes a task of a promise that was in no list', async () => {
    const paper = await Paper.open('return_visit')
    paper.fill({ outcome: 'visited', promised: '修水泵', work_done: 'partly', satisfied: 'poor', signed: 'declined', next_date: day(-1) })
    complains(paper, 'next_date', '日期不能早于今天')
    expect(paper.asks('why_not')).toBe(true)
    paper.fill({ next_date: day(5), remains: '还缺一个零件' })
    expect(paper.missing()).toEqual([])
    const [task] = paper.entities('task')
    expect(task).toMatchObject({ create: true, update: false, label: '修水泵' })
    expect(task?.id).toMatch(/^[0-9a-f-]{36}$/)
    const again = await Paper.open('return_visit', { submission: paper.submission() })
    expect(again.entities('task')[0]?.id).toBe(task?.id)
  })

  it('may be declined without a word and changes no task then', async () => {
    const paper = await Paper.open('return_visit')
    paper.fill({ outcome: 'declined' })
    expect(paper.missing()).toEqual([])
    expect(paper.entities('task')).toEqual([])
  })
})

const QUIZ = ['app_asked', 'safe_place', 'sure_gain', 'pay_first', 'code_asked', 'order_tasks', 'secret', 'not_meeting']

describe('the fraud wake-up 1234', () => {
  it('scores the eight questions, narrows the kind of fraud, counts the steps and comes back', async () => {
    const paper = await Paper.open('fraud_wakeup')
    paper.fill({ outcome: 'visited' })
    expect(paper.missing()).toEqual(expect.arrayContaining(QUIZ))
    paper.fill(Object.fromEntries(QUIZ.map((name, at): [string, Answer] => [name, at < 3 ? 'yes' : at === 3 ? 'unsure' : 'no'])))
    expect(paper.value('quiz_score')).toBe('3')
    expect(paper.value('quiz_unsure')).toBe('1')
    expect(paper.label('quiz_shown').zh).toBe('八问中 **3** 个答“是”，1 个不确定。只用于这次谈话。')
    expect(paper.asks('quiz_stop')).toBe(true)
    paper.fill({ persuader_one_role: 'officer', persuader_one: '苏日娜', persuader_two_role: 'family', persuader_two: '苏日娜' })
    complains(paper, 'persuader_two', '两个人不能相同')
    paper.fill({ persuader_two: '其其格', situation: 'about_to_pay', fraud_kind: 'loan' })
    expect(paper.options('fraud_way')).toEqual(['loan_fee', 'loan_repair'])
    paper.fill({ fraud_way: 'loan_fee', steps: ['stop', 'call', 'keep'] })
    expect(paper.label('steps_left').zh).toBe('还有 1 步没有做。')
    expect(paper.asks('police_told')).toBe(false)
    paper.fill({ result: 'awake', loss_prevented: -1 })
    complains(paper, 'loss_prevented', '数量应在 0 到 100000000 之间')
    paper.fill({ loss_prevented: 80000, fraud_app: 'installed_now', again: 'yes', again_on: day(3) })
    expect(paper.missing()).toEqual([])
    expect(paper.entities('task')).toMatchObject([{ create: true, label: '反诈再谈' }])
    expect(paper.value('again_household')).toBe('h1')
  })

  it('asks whether the police know once money was sent, and needs no second talk', async () => {
    const paper = await Paper.open('fraud_wakeup')
    paper.fill({ outcome: 'visited', situation: 'paid', again: 'no' })
    expect(paper.missing()).toContain('police_told')
    expect(paper.entities('task')).toEqual([])
  })
})

describe('a dispute', () => {
  it('is taken in with its parties, a grade, a month to conclude and a first date', async () => {
    const paper = await Paper.open('dispute_intake')
    paper.fill({ agreed: 'agreed' })
    expect(paper.missing()).toContain('told_rights')
    paper.fill({ told_rights: true, how_many_parties: 1 })
    complains(paper, 'how_many_parties', '数量应在 2 到 10 之间')
    paper.fill({
      how_many_parties: 2,
      'party[1]/side': 'first',
      'party[1]/source': 'listed',
      'party[1]/party_person': 'p1',
      'party[2]/side': 'second',
      'party[2]/source': 'other',
      'party[2]/party_name': '阿古拉',
      'party[2]/party_phone': '12',
    })
    complains(paper, 'party[2]/party_phone', '请填写 7 到 11 位数字')
    expect(paper.value('party[1]/party_label')).toBe('巴特尔')
    paper.fill({ 'party[2]/party_phone': '13900000001', dispute_kind: 'pasture', subject: '水井旁的两亩地', story: '三十年', grade: 'orange' })
    expect(paper.missing()).toContain('grade_reason')
    paper.fill({ grade_reason: '吵过两次', wish_first: '量清楚', wish_second: '量清楚', position: '39.1 107.9 0 5' })
    expect(paper.value('conclude_by')).toBe(day(30))
    paper.fill({ team: ['mediator', 'lawyer'], first_date: day(2), first_time: '10:30:00.000', signed: 'yes', signature: 'signature.png' })
    expect(paper.missing()).toEqual([])
    const [found] = paper.entities('case')
    expect(found).toMatchObject({ create: true, update: false, label: '水井旁的两亩地' })
    expect(paper.value('meeting_case')).toBe(found?.id)
    expect(paper.entities('task')).toMatchObject([{ create: true, label: '第一次调解：水井旁的两亩地' }])
    expect(paper.entities('task')[0]?.id).not.toBe('')
    const again = await Paper.open('dispute_intake', { submission: paper.submission() })
    expect(again.entities('case')[0]?.id).toBe(found?.id)
  })

  it('is no case if one side does not want to', async () => {
    const paper = await Paper.open('dispute_intake')
    paper.fill({ told_rights: true, agreed: 'declined' })
    expect(paper.missing()).toEqual([])
    expect([...paper.entities('case'), ...paper.entities('task')]).toEqual([])
  })
})

describe('a mediation session', () => {
  const held = { session_state: 'held', layer: 'gacha', present_parties: ['p1', 'p2'], team: ['mediator'] }

  it('measures land, settles the case and comes back to look', async () => {
    const paper = await Paper.open('mediation_session')
    expect(paper.options('case')).toEqual(['c1'])
    paper.fill({ case: 'c1', ...held, measured: 'yes', land: LAND })
    // 0.001° of latitude and of longitude at 39.1005°, on a sphere of 6,378,100 m: 111.318 m × 86.389 m.
    expect(Number(paper.value('area_m2'))).toBe(9617)
    expect(paper.value('area_mu')).toBe('14.42')
    expect(paper.label('area_shown').zh).toBe('面积 **9617** 平方米，合 **14.42** 亩。')
    paper.fill({ outcome: 'settled' })
    expect(paper.missing()).toEqual(expect.arrayContaining(['agreement', 'signing', 'return_on']))
    paper.fill({ agreement: '以量得的界线为准', signing: 'mark', signature_first: 'a.png', signature_second: 'b.png', return_on: day(20) })
    expect(paper.missing()).toEqual(['witness'])
    paper.fill({ witness: '阿古拉' })
    expect(paper.missing()).toEqual([])
    expect(paper.entities('case')).toEqual([{ id: 'c1', create: false, update: true, base: '3', label: '水井旁的草场边界' }])
    expect([paper.value('case_state'), paper.value('case_outcome')]).toEqual(['tracking', 'settled'])
    expect(paper.entities('task')).toMatchObject([{ create: true, label: '回访：水井旁的草场边界' }])
    expect([paper.value('next_due'), paper.value('task_case')]).toEqual([day(20), 'c1'])
  })

  it('is about the case from which it is begun', async () => {
    const context = 'name,label,case,area_label\ncontext,context,c1,苏米图嘎查\n'
    const paper = await Paper.open('mediation_session', { lists: { 'context.csv': context } })
    expect(paper.value('case')).toBe('c1')
  })

  it('goes up a layer, or is put off, and leaves the case open', async () => {
    const referred = await Paper.open('mediation_session')
    referred.fill({ case: 'c1', ...held, measured: 'no', outcome: 'referred', referred_to: 'sumu' })
    expect(referred.asks('land')).toBe(false)
    expect(referred.missing()).toEqual([])
    expect(referred.value('case_state')).toBe('resolving')
    expect(referred.entities('task')).toEqual([])
    const off = await Paper.open('mediation_session')
    off.fill({ case: 'c1', session_state: 'postponed', next_on: day(4) })
    expect(off.missing()).toEqual([])
    expect(off.entities('task')).toMatchObject([{ label: '调解：水井旁的草场边界' }])
    expect(off.submission()).not.toContain('<agreement')
  })
})

describe('a hazard', () => {
  it('is a new case with a deadline', async () => {
    const paper = await Paper.open('hazard')
    paper.fill({ mode: 'new', hazard_kind: 'well', hazard_title: '井口没有盖', corrected_now: 'no', deadline: day(-2) })
    complains(paper, 'deadline', '日期不能早于今天')
    paper.fill({ deadline: day(10), remedies: ['repair', 'sign'], photo: 'well.jpg' })
    expect(paper.asks('corrected')).toBe(false)
    expect(paper.missing()).toEqual([])
    const [found] = paper.entities('case')
    expect(found).toMatchObject({ create: true, update: false, label: '井口没有盖' })
    expect(found?.id).toMatch(/^[0-9a-f-]{36}$/)
    expect([paper.value('case_state'), paper.value('case_due')]).toEqual(['open', day(10)])
  })

  it('is the one from which the form is begun, as soon as it is to be looked at again', async () => {
    const context = 'name,label,case,area_label\ncontext,context,c2,苏米图嘎查\n'
    const paper = await Paper.open('hazard', { lists: { 'context.csv': context } })
    paper.fill({ mode: 'recheck' })
    expect(paper.value('case')).toBe('c2')
  })

  it('is looked at again until it is corrected', async () => {
    const paper = await Paper.open('hazard')
    paper.fill({ mode: 'recheck' })
    expect(paper.options('case')).toEqual(['c2'])
    paper.fill({ case: 'c2', corrected: 'partly', corrected_share: 60 })
    expect(paper.label('case_shown').zh).toBe('复查：路边断了的围栏')
    expect(paper.missing()).toEqual(['new_deadline'])
    paper.fill({ new_deadline: day(6) })
    expect(paper.entities('case')).toMatchObject([{ id: 'c2', create: false, update: true, base: '1', label: '路边断了的围栏' }])
    expect([paper.value('case_state'), paper.value('case_due'), paper.value('case_outcome')]).toEqual(['open', day(6), 'partly'])
    paper.fill({ corrected: 'yes' })
    expect(paper.missing()).toEqual([])
    expect([paper.value('case_state'), paper.value('case_due'), paper.value('case_outcome')]).toEqual(['closed', '', 'corrected'])
    expect(paper.submission()).not.toContain('<case_due')
  })
})

describe('a patrol', () => {
  const walked = {
    began_at: '20:00:00.000',
    finished_at: '01:30:00.000',
    way: 'car',
    member_count: 4,
    member_kinds: ['volunteer'],
    track: '39.1 107.9 0 0; 39.2 107.9 0 0',
  }

  it('finds nothing, and that is all', async () => {
    const paper = await Paper.open('patrol')
    paper.fill({ ...walked, found_any: 'no', distance_km: 1001 })
    complains(paper, 'distance_km', '数量应在 0 到 1000 之间')
    paper.fill({ distance_km: 42.5 })
    expect(paper.missing()).toEqual([])
    expect(paper.value('finding_count')).toBe('0')
    expect(paper.entities('case')).toEqual([])
  })

  it('makes cases of the findings that are to be followed up', async () => {
    const paper = await Paper.open('patrol')
    paper.fill({ ...walked, found_any: 'yes' }).add('finding')
    paper.fill({
      'finding[1]/finding_kind': 'fence',
      'finding[1]/finding_title': '围栏断了',
      'finding[1]/handled': 'case',
      'finding[1]/finding_due': day(3),
      'finding[2]/finding_kind': 'help',
      'finding[2]/finding_title': '帮忙换轮胎',
      'finding[2]/handled': 'on_spot',
    })
    expect(paper.asks('finding[2]/finding_due')).toBe(false)
    expect(paper.label('counted').zh).toBe('共发现 **2** 处，立案跟进 **1** 处。')
    expect(paper.missing()).toEqual([])
    const cases = paper.entities('case')
    expect(cases).toMatchObject([{ create: true, update: false, label: '围栏断了' }])
    expect(cases[0]?.id).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('a service request', () => {
  it('is a case with an appointment, closed once it is done', async () => {
    const paper = await Paper.open('service_request')
    paper.fill({ agreed: 'agreed', channel: 'visit', service_kind: 'deliver' })
    expect(paper.options('service_item')).toEqual(['deliver_papers', 'deliver_goods'])
    paper.fill({ service_item: 'deliver_papers', papers: ['form', 'none'] })
    complains(paper, 'papers', '选了“不缺”就不能再选别的')
    paper.fill({ papers: ['form'], result: 'appointed', where: 'home', appointed_on: day(-1) })
    complains(paper, 'appointed_on', '日期不能早于今天')
    paper.fill({ appointed_on: day(3), appointed_at: '09:00:00.000' })
    expect(paper.asks('rating')).toBe(false)
    expect(paper.missing()).toEqual([])
    expect(paper.entities('case')).toMatchObject([{ create: true, label: '代办代送' }])
    expect([paper.value('case_type'), paper.value('case_state'), paper.value('case_household')]).toEqual(['service', 'open', 'h1'])
    paper.fill({ result: 'done', rating: 5 })
    expect(paper.value('case_state')).toBe('closed')
    expect(paper.missing()).toEqual([])
  })

  it('is not written down against the will of the household', async () => {
    const paper = await Paper.open('service_request')
    paper.fill({ agreed: 'declined' })
    expect(paper.missing()).toEqual([])
    expect(paper.entities('case')).toEqual([])
  })
})

describe('an opinion', () => {
  it('needs no name and says who answers by when', async () => {
    const paper = await Paper.open('opinion')
    paper.fill({ name_given: 'anonymous', occasion: 'meeting', opinion_kind: 'road', opinion_title: '路灯', opinion: '想要路灯', answered_now: 'no' })
    expect(paper.asks('giver_name')).toBe(false)
    expect(paper.missing()).toEqual(['answerer', 'answer_by'])
    paper.fill({ answerer: 'banner', answer_by: day(14), publish: 'yes' })
    expect(paper.missing()).toEqual([])
    expect(paper.entities('case')).toMatchObject([{ create: true, label: '路灯' }])
    expect(paper.value('case_state')).toBe('open')
    paper.fill({ answered_now: 'yes', answer: '下月安装' })
    expect(paper.value('case_state')).toBe('closed')
  })
})

describe('the star rating', () => {
  const STARS = ['mediation', 'patrol', 'fraud', 'road', 'fire', 'theft', 'boundary', 'law', 'grid', 'answers']
  const rated = (reached: number) =>
    Object.fromEntries(STARS.map((name, at): [string, Answer] => [`star_${name}`, at < reached ? 'reached' : 'not_reached']))

  it('counts a star each and asks for help at five or fewer, once all are answered', async () => {
    const paper = await Paper.open('star_rating')
    expect(paper.asks('help_due')).toBe(false)
    paper.fill(rated(5))
    expect(paper.value('score')).toBe('5')
    expect(paper.label('score_shown').zh).toContain('得 **5** 颗星')
    expect(paper.missing()).toContain('help_wanted')
    paper.fill({ help_wanted: ['patrol', 'repair'], help_order: ['repair', 'patrol', 'outreach', 'mediation', 'training'] })
    expect(paper.value('help_order')).toBe('repair patrol outreach mediation training')
    paper.fill(rated(6))
    expect(paper.value('score')).toBe('6')
    expect(paper.asks('help_wanted')).toBe(false)
  })

  it('is approved by somebody else than its author', async () => {
    const paper = await Paper.open('star_rating')
    paper.fill({ ...rated(9), approved: 'approved', approver: '苏日娜' })
    complains(paper, 'approver', '审核人不能是填写人自己')
    paper.fill({ approver: '巴图' })
    expect(paper.missing()).toEqual(['approver_signature'])
    paper.fill({ approver_signature: 'signature.png' })
    expect(paper.missing()).toEqual([])
    expect(paper.submission()).not.toContain('<entity')
  })
})
