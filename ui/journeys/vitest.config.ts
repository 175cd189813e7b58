// Journeys: a browser goes through the built gallery as an officer would. `npm run journeys`; CHROMIUM names the browser.
// In the mode `screens` it only takes the pictures of the docs.
import { fileURLToPath } from 'node:url'

import { defineConfig } from 'vitest/config'

export default defineConfig(({ mode }) => ({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { alias: { '@': fileURLToPath(new URL('../src', import.meta.url)) } },
  test: {
    include: [mode === 'screens' ? 'journeys/screens.ts' : 'journeys/**/*.journey.ts'],
    globalSetup: ['journeys/built.ts'],
    // One browser at a time: two would measure each other.
    fileParallelism: false,
    maxConcurrency: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
}))
