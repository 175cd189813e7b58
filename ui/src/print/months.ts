// For how long a finished form is kept, as its own notice tells the household (held to the forms of the pack by a test).

/** What is answered in these belongs to a case, and is kept as long as the case. */
const WITH_ITS_CASE: ReadonlySet<string> = new Set(['dispute_intake', 'mediation_session', 'opinion', 'service_request'])

/** Months, by the form's id. */
export function keptMonths(form: string): number {
  return WITH_ITS_CASE.has(form) ? 36 : 24
}
