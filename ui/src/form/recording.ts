// Recording speech: only after somebody pressed the button, with the microphone off as soon as it ends, and never longer
// than what the tablet can keep.
import { onUnmounted, shallowReactive } from 'vue'

import { canWave, WAVE_SECONDS, writeWave } from './wave'

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

/** How this engine compresses a recording; it may have a recorder and nothing that compresses. */
function compressed(): string | undefined {
  if (typeof MediaRecorder === 'undefined') return undefined
  return TYPES.find((type) => MediaRecorder.isTypeSupported(type))
}

export function canRecord(): boolean {
  return 'mediaDevices' in navigator && (compressed() !== undefined || canWave())
}

/** Writes down what the microphone hears until it is told to end. */
interface Writing {
  readonly longestSeconds: number
  end(): Promise<Blob>
}

async function write(stream: MediaStream): Promise<Writing> {
  const mimeType = compressed()
  if (mimeType === undefined) return { longestSeconds: WAVE_SECONDS, end: await writeWave(stream) }
  const recorder = new MediaRecorder(stream, { audioBitsPerSecond: BITS_PER_SECOND, mimeType })
  const pieces: Blob[] = []
  recorder.ondataavailable = ({ data }) => {
    if (data.size > 0) pieces.push(data)
  }
  const ended = new Promise<Blob>((resolve) => {
    recorder.onstop = () => {
      resolve(new Blob(pieces, { type: recorder.mimeType }))
    }
  })
  recorder.start(1_000)
  return {
    longestSeconds: LONGEST_SECONDS,
    end() {
      if (recorder.state === 'recording') recorder.stop()
      return ended
    },
  }
}

export function useRecording(done: (sound: Blob) => void): Recording {
  const now = shallowReactive<{ state: Recording['now']['state']; seconds: number }>({ state: 'rest', seconds: 0 })
  let stream: MediaStream | null = null
  let writing: Writing | null = null
  let timer: ReturnType<typeof setInterval> | undefined
  let left = false

  function off() {
    clearInterval(timer)
    for (const track of stream?.getTracks() ?? []) track.stop()
    stream = null
    writing = null
  }

  async function start() {
    if (now.state === 'asking' || now.state === 'running') return
    now.state = 'asking'
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: false })
      const { longestSeconds } = (writing = await write(stream))
      // Whoever has left meanwhile must not be heard.
      if (left) {
        off()
        return
      }
      now.seconds = 0
      now.state = 'running'
      const began = Date.now()
      timer = setInterval(() => {
        now.seconds = Math.floor((Date.now() - began) / 1000)
        if (now.seconds >= longestSeconds) stop()
      }, 250)
    } catch {
      off()
      now.state = 'refused'
    }
  }

  function stop() {
    const ending = writing
    if (ending === null) return
    writing = null
    const ended = (sound: Blob) => {
      off()
      now.state = sound.size > 0 ? 'rest' : 'refused'
      if (sound.size > 0) done(sound)
    }
    void ending.end().then(ended, () => {
      ended(new Blob())
    })
  }

  // Whoever leaves the page ends the recording; what was said until then is kept.
  onUnmounted(() => {
    left = true
    stop()
  })

  return { now, start, stop }
}

export function clockOf(seconds: number): string {
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}
