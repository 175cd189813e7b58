import { expect, test } from 'vitest'

import type { QuestionView } from '@/api/bindings/QuestionView'
import { linesOf } from '@/i18n/filled'
import { slipOf } from './slip'

function question(name: string, within: string | null = null): QuestionView {
  return { name, answer_type: 'string', within, label: { 'zh-Hans': name, 'mn-Mong': 'ᠠᠰᠠᠭᠤᠯᠲᠠ' }, choices: [] }
}

function slip(names: readonly string[], answers: Record<string, unknown>, repeat: readonly string[] = []) {
  const questions = [...names.map((name) => question(name)), ...repeat.map((name) => question(name, 'party'))]
  return slipOf(linesOf(questions, answers, () => false))
}

test('the slip has what was talked about and what was agreed, each in its place', () => {
  const { talked, agreed } = slip(['opinions', 'follow_up_by', 'follow_up_note'], {
    opinions: '修路', follow_up_by: '2026-12-01', follow_up_note: '回话',
  })
  expect(talked.map(({ name }) => name)).toEqual(['opinions'])
  expect(agreed.map(({ name }) => name)).toEqual(['follow_up_by', 'follow_up_note'])
})

test('no outcome, grade, score or judgement is on it, only that they are recorded', () => {
  const judging = ['outcome', 'grade', 'grade_reason', 'quiz_score', 'situation', 'satisfied', 'approved', 'score', 'rating']
  const { talked, agreed, recorded } = slip(judging, Object.fromEntries(judging.map((name) => [name, '1'])))
  expect([...talked, ...agreed]).toEqual([])
  expect(recorded.map(({ name }) => name)).toEqual(judging)
})

test('what others answered in a repeat is on nobody’s slip', () => {
  const { talked, agreed, recorded } = slip([], { party: [{ opinions: '别家的话', do_by: '2026-12-01' }] }, ['opinions', 'do_by'])
  expect([talked, agreed, recorded]).toEqual([[], [], []])
})
