import { beforeEach, expect, test } from 'vitest'

import type { QuestionView } from '@/api/bindings/QuestionView'
import { showIn } from '@/state/display'
import { linesOf, type FilledLine } from './filled'

function question(name: string, changes: Partial<QuestionView> = {}): QuestionView {
  return { name, answer_type: 'string', within: null, label: { 'zh-Hans': `问${name}`, 'mn-Mong': 'ᠠ' }, choices: [], ...changes }
}

const CHOICES = [
  { value: 'fire', label: { 'zh-Hans': '火', 'mn-Mong': 'ᠭᠠᠯ' } },
  { value: 'road', label: { 'zh-Hans': '路', 'mn-Mong': 'ᠵᠠᠮ' } },
]

function said(lines: readonly FilledLine[]): unknown[] {
  return lines.map((line) =>
    line.kind === 'group'
      ? [line.number, said(line.lines)]
      : [line.label('zh-Hans'), line.answer('zh-Hans'), line.answer('mn-Mong')],
  )
}

beforeEach(() => {
  showIn('both')
})

test('answers stand in the order and the words of the form, choices in both languages', () => {
  const questions = [question('b', { choices: CHOICES }), question('a')]
  const lines = linesOf(questions, { a: '三只羊', b: ['road', 'fire'] }, () => false)
  expect(said(lines)).toEqual([
    ['问b', '路、火', 'ᠵᠠᠮ᠂ ᠭᠠᠯ'],
    ['问a', '三只羊', ''],
  ])
})

test('a choice that the form does not know stays as it is, and nothing is said beside it', () => {
  expect(said(linesOf([question('b', { choices: CHOICES })], { b: ['road', 'moon'] }, () => false))).toEqual([
    ['问b', '路、moon', ''],
  ])
})

test('what was answered several times stands in groups, one within another', () => {
  const questions = [question('name', { within: 'person' }), question('dog', { within: 'dogs' })]
  const answers = { person: [{ name: '甲', dogs: [{ dog: '大黄' }] }, {}, { name: '乙' }] }
  const nested = linesOf(questions, answers, () => false)
  expect(said(nested)).toEqual([
    [1, [['问name', '甲', '']]],
    [3, [['问name', '乙', '']]],
  ].map((group, index) => (index === 0 ? [1, [['问name', '甲', ''], [1, [['问dog', '大黄', '']]]]] : group)))
})

test('files, records and what nobody was asked are not read out', () => {
  const questions = [
    question('photo'),
    question('which'),
    question('total', { label: {} }),
    question('sign'),
  ]
  const answers = {
    photo: { blob: 'a', name: 'p.jpg' },
    which: '018f0000-0000-4000-8000-0000000000c1',
    total: 7,
    sign: 'sign.png',
  }
  expect(linesOf(questions, answers, (name) => name === 'sign.png')).toEqual([])
})

test('a question whose words are of no language is read out all the same', () => {
  showIn('zh')
  expect(said(linesOf([question('more', { label: { '': 'Specify' } })], { more: '骡子' }, () => false))).toEqual([
    ['Specify', '骡子', ''],
  ])
  const pyxforms = linesOf([question('more', { label: { '': 'Specify other.' } })], { more: '骡子' }, () => false)[0]
  expect(pyxforms?.kind === 'answer' ? pyxforms.label('zh-Hans') : '').toMatch(/\p{Script=Han}/u)
})
