// Speech as a plain WAV file, for engines that have a microphone and nothing that compresses.

/** Samples a second: what a telephone carries. */
const RATE = 8_000
const BYTES_A_SAMPLE = 2
const HEAD_BYTES = 44
/** Of this length a recording ends by itself; it is then under 8 MB. */
export const WAVE_SECONDS = 8 * 60

export function canWave(): boolean {
  return typeof AudioWorkletNode !== 'undefined'
}

/** Writes down what the microphone hears until the function that it gives back is called; that gives the file. */
export async function writeWave(stream: MediaStream): Promise<() => Promise<Blob>> {
  const context = new AudioContext({ sampleRate: RATE })
  await context.audioWorklet.addModule('/tap.js')
  const pieces: Float32Array[] = []
  const tap = new AudioWorkletNode(context, 'tap')
  tap.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
    pieces.push(data)
  }
  // Only what is led on to the loudspeaker is worked through; nothing of it is heard.
  const silence = new GainNode(context, { gain: 0 })
  context.createMediaStreamSource(stream).connect(tap).connect(silence).connect(context.destination)
  await context.resume()
  return async () => {
    await context.close()
    return pieces.length === 0 ? new Blob() : wave(pieces)
  }
}

/** A WAV file of one channel with 16 bits a sample, from samples between −1 and 1. */
export function wave(pieces: readonly Float32Array[]): Blob {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const file = new DataView(new ArrayBuffer(HEAD_BYTES + count * BYTES_A_SAMPLE))
  const write = (at: number, text: string) => {
    for (let index = 0; index < text.length; index += 1) file.setUint8(at + index, text.charCodeAt(index))
  }
  write(0, 'RIFF')
  file.setUint32(4, file.byteLength - 8, true)
  write(8, 'WAVEfmt ')
  file.setUint32(16, 16, true)
  file.setUint16(20, 1, true)
  file.setUint16(22, 1, true)
  file.setUint32(24, RATE, true)
  file.setUint32(28, RATE * BYTES_A_SAMPLE, true)
  file.setUint16(32, BYTES_A_SAMPLE, true)
  file.setUint16(34, BYTES_A_SAMPLE * 8, true)
  write(36, 'data')
  file.setUint32(40, count * BYTES_A_SAMPLE, true)
  let at = HEAD_BYTES
  for (const piece of pieces) {
    for (const sample of piece) {
      file.setInt16(at, Math.round(Math.max(-1, Math.min(1, sample)) * 0x7fff), true)
      at += BYTES_A_SAMPLE
    }
  }
  return new Blob([file.buffer], { type: 'audio/wav' })
}
