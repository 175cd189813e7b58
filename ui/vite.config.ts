// How the interface is built: one page for the tablet, nothing inlined, a strict content policy.
import { fileURLToPath } from 'node:url'

import vue from '@vitejs/plugin-vue'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

// `ipc:` is how the tablet's window reaches its core; everything else comes from the program itself.
export const CONTENT_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self' ipc: http://ipc.localhost",
].join('; ')

// The dev server injects its styles as elements, which the policy forbids: only the built page carries it.
function contentPolicy(): Plugin {
  return {
    name: 'content-policy',
    apply: 'build',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'Content-Security-Policy', content: CONTENT_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  }
}

export default defineConfig({
  base: './',
  plugins: [vue(), contentPolicy()],
  resolve: {
    alias: { '@': fileURLToPath(new URL('src', import.meta.url)) },
  },
  define: {
    __VUE_I18N_FULL_INSTALL__: true,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_OPTIONS_API__: true,
    __VUE_PROD_DEVTOOLS__: false,
  },
  // The gallery shows the real form of the pack, which lies beside this folder.
  server: { fs: { allow: ['..'] } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      // The form engine's parser has an eval that is never reached; the content policy would refuse it.
      onLog(level, log, report) {
        if (log.code === 'EVAL' && log.id?.includes('@getodk/xforms-engine') === true) return
        report(level, log)
      },
    },
  },
  test: {
    // Whether a test passes is not a matter of how busy the machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    // The form engine reads its XPath grammar from beside its own file, which Node finds only if Vite serves it.
    server: { deps: { inline: [/@getodk/] } },
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    unstubGlobals: true,
  },
})
