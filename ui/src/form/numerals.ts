// Numbers as they are typed and shown; answers hold plain figures with a point.

/** A Chinese keyboard may write full-width figures; thousands may be parted by commas or spaces. */
export function plainFigures(text: string): string {
  return text
    .replace(/[０-９．－]/g, (figure) => String.fromCharCode(figure.charCodeAt(0) - 0xfee0))
    .replace('。', '.')
    .replace('−', '-')
    .replace(/[,，\u2009\u202F ]/g, '')
}

/** With a comma before every third figure from the point on: `-12,345.67`. */
export function withThousands(number: string): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d*)(.*)$/.exec(number) ?? []
  return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + rest
}
