// Uploads one file with tus-js-client, as its own documentation says to, and prints as one line of JSON how it ended.
// The only argument is JSON: endpoint, token, file, hash, type, urls (where addresses are remembered), and perhaps
// chunk (bytes a request), abortAt (bytes the station has), terminate, withCreation, override.
import { createReadStream, statSync } from 'node:fs'

import * as tus from 'tus-js-client'

const asked = JSON.parse(process.argv[2])
const size = statSync(asked.file).size
const requests = []
let aborted = false

const say = (ended) => {
  process.stdout.write(`${JSON.stringify({ ended, requests })}\n`)
}

const upload = new tus.Upload(createReadStream(asked.file), {
  endpoint: `${asked.endpoint}/v1/uploads`,
  headers: { Authorization: `Bearer ${asked.token}` },
  metadata: { blake3: asked.hash, media_type: asked.type },
  uploadSize: size,
  chunkSize: asked.chunk ?? size,
  uploadDataDuringCreation: asked.withCreation ?? false,
  overridePatchMethod: asked.override ?? false,
  // At once, and as often as the wire breaks.
  retryDelays: Array.from({ length: 100 }, () => 0),
  urlStorage: new tus.FileUrlStorage(asked.urls),
  storeFingerprintForResuming: true,
  removeFingerprintOnSuccess: true,
  fingerprint: () => Promise.resolve(asked.hash),
  onAfterResponse: (request, response) => {
    requests.push(`${request.getMethod()} ${response.getStatus()}`)
  },
  onChunkComplete: (_, accepted) => {
    if (asked.abortAt === undefined || aborted || accepted < asked.abortAt) return
    aborted = true
    upload.abort(asked.terminate ?? false).then(() => say('aborted'), (cause) => say(`${cause}`))
  },
  onSuccess: () => say('done'),
  onError: (cause) => say(`${cause}`),
})

const before = await upload.findPreviousUploads()
if (before.length > 0) upload.resumeFromPreviousUpload(before[0])
upload.start()
