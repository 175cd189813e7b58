// Which script a text is in, for setting it right.

const HAN = /\p{Script=Han}/u
const MONGOLIAN = /\p{Script=Mongolian}/u

/** Whether a text has Mongolian letters and no Chinese ones, which would have to stay upright. */
export function isMongolian(text: string): boolean {
  return MONGOLIAN.test(text) && !HAN.test(text)
}
