// What is said in both languages: a question and its answer, or only one of them.
import type { Say } from '@/i18n'

export interface Says {
  label?: Say
  answer?: Say
}
