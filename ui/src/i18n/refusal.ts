// What a refusal means to an officer: a sentence for every code, and what to do now.
import type { Code } from '@/api/bindings/Code'
import type { Refusal } from '@/api/bindings/Refusal'
import { locale } from '@/state/display'
import type { Locale } from '@/state/display'
import { t } from '.'
import type { TextKey } from '.'
import { spanOf } from './time'

type Known<K extends string> = `refusal.${K}` extends TextKey ? `refusal.${K}` : never

/** What happened; the type proves that each code has its text. */
export function sentenceOf(refusal: Refusal, tongue: Locale = locale.value): string {
  if (refusal.code === 'pin_delayed' && refusal.wait_ms !== undefined) {
    return t('lock.delayed', { time: spanOf(refusal.wait_ms, tongue) }, tongue)
  }
  const key: Known<Code> = `refusal.${refusal.code}`
  return t(key, {}, tongue)
}

/** What to do now; empty where the sentence says it all. */
export function adviceOf(refusal: Refusal, tongue: Locale = locale.value): string {
  const key = refusal.older === 'station' ? 'advice.updateStation' : adviceKey(refusal.code)
  return key === null ? '' : t(key, {}, tongue)
}

function adviceKey(code: Code): TextKey | null {
  switch (code) {
    case 'station_unreachable':
    case 'sealing_unknown':
    case 'carries_too_much':
      return 'advice.atStation'
    case 'bundle_unreadable':
    case 'bundle_elsewhere':
    case 'bundle_incomplete':
      return 'advice.copyAgain'
    case 'answer_unreadable':
    case 'station_failed':
    case 'not_logged_in':
    case 'log_gap':
    case 'epoch_changed':
    case 'digest_mismatch':
    case 'blob_wrong':
    case 'offset_wrong':
    case 'nearby_ended':
    case 'nearby_timeout':
      return 'advice.retry'
    case 'nearby_declined':
      return 'advice.compareAgain'
    case 'nearby_unreachable':
      return 'advice.sameNetwork'
    case 'nearby_elsewhere':
      return 'advice.colleague'
    case 'too_many_requests':
      return 'advice.wait'
    case 'certificate_changed':
    case 'author_unknown':
    case 'device_unknown':
    case 'device_revoked':
    case 'revocation_unproven':
    case 'malformed':
    case 'too_large':
    case 'out_of_scope':
    case 'officer_wrong':
    case 'log_forked':
    case 'checkpoint_wrong':
    case 'receipt_wrong':
    case 'file_failed':
    case 'unknown':
      return 'advice.askStation'
    case 'wrong_password':
    case 'field_wrong':
    case 'form_unreadable':
    case 'picture_unreadable':
      return 'advice.correct'
    case 'invite_unreadable':
    case 'invite_used':
    case 'invite_expired':
      return 'advice.newInvite'
    case 'locked':
      return 'advice.unlock'
    case 'not_enrolled':
      return 'advice.enrol'
    case 'file_too_new':
    case 'protocol_unknown':
      return 'advice.update'
    case 'disk_full':
      return 'advice.makeRoom'
    case 'form_sealed':
    case 'no_printer':
    case 'revision_known':
    case 'body_gone':
    case 'wrong_pin':
    case 'pin_delayed':
    case 'pin_too_weak':
    case 'already_enrolled':
    case 'not_found':
    case 'record_erased':
    case 'sync_running':
    case 'sync_stopped':
      return null
  }
}
