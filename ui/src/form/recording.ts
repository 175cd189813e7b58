// Recording speech: only after somebody pressed the button, with the microphone off as soon as it ends, and never longer
// than what the tablet can keep.
import { onUnmounted, shallowReactive } from 'vue'

export interface Recording {
  readonly now: { readonly state: 'rest' | 'asking' | 'running' | 'refused'; readonly seconds: number }
  start(): Promise<void>
  /** Ends; the recording is handed to `done`. */
  stop(): void
}

/** Enough for speech: a minute is about 240 kB. */
const BITS_PER_SECOND = 32_000
/** Of this length a recording ends by itself; it is then under 5 MB. */
export const LONGEST_SECONDS = 20 * 60

const TYPES = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4']

/** How this device can write a recording down; an engine may have the recorder and nothing that writes. */
function recorded(): string | undefined {
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type))
}

export function canRecord(): boolean {
  return typeof MediaRecorder !== 'undefined' && 'mediaDevices' in navigator && recorded() !== undefined
}

export function useRecording(done: (sound: Blob) => void): Recording {
  const now = shallowReactive<{ state: Recording['now']['state']; seconds: number }>({ state: 'rest', seconds: 0 })
  let recorder: MediaRecorder | null = null
  let timer: ReturnType<typeof setInterval> | undefined

  function off() {
    clearInterval(timer)
    for (const track of recorder?.stream.getTracks() ?? []) track.stop()
    recorder = null
  }

  async function start() {
    if (now.state === 'asking' || now.state === 'running') return
    now.state = 'asking'
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: false })
      const mimeType = recorded()
      const running = new MediaRecorder(stream, {
        audioBitsPerSecond: BITS_PER_SECOND,
        ...(mimeType === undefined ? {} : { mimeType }),
      })
      const pieces: Blob[] = []
      running.ondataavailable = ({ data }) => {
        if (data.size > 0) pieces.push(data)
      }
      running.onstop = () => {
        const sound = new Blob(pieces, { type: running.mimeType })
        off()
        now.state = 'rest'
        if (sound.size > 0) done(sound)
      }
      recorder = running
      running.start(1_000)
      now.seconds = 0
      now.state = 'running'
      const began = Date.now()
      timer = setInterval(() => {
        now.seconds = Math.floor((Date.now() - began) / 1000)
        if (now.seconds >= LONGEST_SECONDS) stop()
      }, 250)
    } catch {
      off()
      now.state = 'refused'
    }
  }

  function stop() {
    if (recorder?.state === 'recording') recorder.stop()
  }

  // Whoever leaves the page ends the recording; what was said until then is kept.
  onUnmounted(stop)

  return { now, start, stop }
}

export function clockOf(seconds: number): string {
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}
