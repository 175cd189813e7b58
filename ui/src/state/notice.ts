// One sentence that says what was just done; it goes by itself, or at a touch.
import { ref } from 'vue'

const SHOWN_MS = 6000

export const notice = ref('')
let timer = 0

export function say(sentence: string): void {
  notice.value = sentence
  window.clearTimeout(timer)
  timer = window.setTimeout(hush, SHOWN_MS)
}

export function hush(): void {
  notice.value = ''
}
