// The forms of the pack, invented cases and what was done about them.
import type { About } from '@/api/bindings/About'
import type { ActivityLine } from '@/api/bindings/ActivityLine'
import type { CaseLine } from '@/api/bindings/CaseLine'
import type { CasePage } from '@/api/bindings/CasePage'
import type { DraftLine } from '@/api/bindings/DraftLine'
import type { FormLine } from '@/api/bindings/FormLine'
import type { VisitPage } from '@/api/bindings/VisitPage'
import pack from '../../../packs/anmulong/pack.json'
import { ago, day, GACHA, id, nameOf, OFFICER, task, TODAY } from './people'

export const FORM_LINES: FormLine[] = pack.forms.map(({ id: form, about, names }) => ({
  id: form,
  about: about as About,
  names,
}))
export const FORM_NAMES = Object.fromEntries(FORM_LINES.map(({ id: form, names }) => [form, names]))

export function formLines(about: About): FormLine[] {
  return FORM_LINES.filter((form) => form.about === about)
}

const TITLES = ['两家草场的围栏', '东湖水井井盖破损', '希望冬天送煤时帮忙联系车辆，去营盘的路不好走', '修苏木到嘎查的路']
const TYPES = ['dispute', 'hazard', 'service', 'opinion']
const STATES = ['open', 'resolving', 'tracking', 'closed']
const GRADES = ['orange', 'red', '', 'blue']

export function caseLine(n: number): CaseLine {
  const of = (list: readonly string[]) => list[n % list.length] ?? ''
  const due = n % 3 === 2 ? null : day((n % 5) - 2)
  return {
    id: id('case', n),
    case_type: of(TYPES),
    title: of(TITLES),
    state: of(STATES),
    grade: of(GRADES),
    due,
    overdue: due !== null && due < TODAY,
    household: n % 2 === 0 ? id('household', n) : null,
    household_name: nameOf(n),
    area_name: GACHA,
    at: ago(24 * (n + 1)),
  }
}

export function activity(n: number): ActivityLine {
  return {
    id: id('activity', n),
    form: n % 2 === 0 ? 'mediation_session' : 'dispute_intake',
    at: ago(24 * (n + 2)),
    officer_name: OFFICER,
    area_name: GACHA,
    waiting: n % 2 === 0,
  }
}

export function casePage(n: number): CasePage {
  return {
    line: caseLine(n),
    note: '两家在夏营盘的围栏位置说法不一，约定一起丈量。',
    outcome: n % 2 === 0 ? '双方同意以丈量结果为准。' : '',
    area_m2: n % 2 === 0 ? 1334.2 : null,
    place: [39.1234, 107.9876],
    activities: [activity(0), activity(1)],
    tasks: [task(n), { ...task(n + 1), done: true }],
    forms: formLines('case'),
    drafts: [],
    form_names: FORM_NAMES,
    conflict: n === 1,
    waiting: true,
    seen: [],
  }
}

export function draftLine(changes: Partial<DraftLine> = {}): DraftLine {
  return {
    id: id('draft', 1),
    about: 'household',
    subject: id('household', 1),
    household: id('household', 1),
    household_name: nameOf(1),
    form: 'household_visit',
    amends: false,
    begun_at: ago(1),
    saved_at: ago(0.5),
    ...changes,
  }
}

/** A finished mediation: signed, so that it can only be added to. */
export function mediation(): VisitPage {
  const text = (zh: string, mong = '') => ({ 'zh-Hans': zh, ...(mong === '' ? {} : { 'mn-Mong': mong }) })
  const question = (name: string, zh: string, within: string | null = null) => ({
    name, answer_type: 'string', within, label: text(zh, 'ᠠᠰᠠᠭᠤᠯᠲᠠ'), choices: [],
  })
  return {
    id: id('activity', 0),
    household: null,
    case: id('case', 0),
    household_name: { zh: '两家草场的围栏' },
    at: ago(30),
    officer_name: OFFICER,
    form: 'mediation_session',
    form_names: FORM_NAMES['mediation_session'] ?? {},
    questions: [
      {
        ...question('outcome', '调解结果'),
        choices: [{ value: 'settled', label: text('达成协议', 'ᠲᠣᠬᠢᠷᠠᠯᠴᠠᠭᠰᠠᠨ') }],
      },
      question('agreement', '协议内容'),
      question('who', '到场的人', 'present'),
      question('part', '身份', 'present'),
    ],
    answers: {
      outcome: 'settled',
      agreement: '以丈量结果为界，双方各出一半围栏。',
      present: [
        { who: nameOf(1).zh, part: '当事人' },
        { who: nameOf(2).zh, part: '当事人' },
      ],
    },
    attachments: [],
    waiting: false,
    sealed: true,
    may_amend: false,
    amended_because: null,
    addenda: [{ text: '双方来电，围栏已经修好。', at: ago(2), officer_name: OFFICER }],
    kept_months: 24,
  }
}
