import { expect, test } from 'vitest'

import { mong } from '.'
import { showIn } from '@/state/display'
import { answerMong, answerText, choiceWords, isForPeople, labelKey } from './answers'

test('choices are shown by their words, also when ODK wrote them in one line', () => {
  showIn('zh')
  expect(answerText('talk/topics', 'fraud fire')).toBe('防范诈骗、防火')
  expect(answerText('topics', ['fraud', 'fire'])).toBe('防范诈骗、防火')
})

test('a list has the comma of its language', () => {
  showIn('mn-Mong')
  expect(answerText('topics', ['law', 'other'])).toBe(`${mong('choice.topics.law')}᠂ ${mong('choice.topics.other')}`)
  showIn('mn-Cyrl')
  expect(answerText('topics', ['law', 'other'])).toBe('Хууль, Бусад')
})

test('a choice of a newer form stays as it is instead of vanishing', () => {
  expect(choiceWords('topics', ['fraud', 'of_next_year'])).toContain('of_next_year')
  expect(answerMong('topics', ['fraud', 'of_next_year'])).toBe('')
})

test('free text is never taken for choices', () => {
  showIn('zh')
  expect(answerText('opinions', 'fire other')).toBe('fire other')
})

test('what the form notes for itself is not shown to people', () => {
  expect(isForPeople('started')).toBe(false)
  expect(isForPeople('meta/instanceID')).toBe(false)
  expect(isForPeople('arrival/outcome')).toBe(true)
})

test('a question of an unknown form has no invented label', () => {
  expect(labelKey('arrival/outcome')).toBe('answer.outcome')
  expect(labelKey('of_next_year')).toBeUndefined()
})
