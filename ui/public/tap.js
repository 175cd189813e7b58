// Hands the sound of a microphone over as it comes (src/form/wave.ts).
registerProcessor(
  'tap',
  class extends AudioWorkletProcessor {
    process([[sound] = []]) {
      if (sound !== undefined) this.port.postMessage(sound.slice())
      return true
    }
  },
)
