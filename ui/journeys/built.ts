// Builds the gallery and the program as they would be shipped, and serves them with the policy of the tablet's window.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

import { build } from 'vite'
import type { TestProject } from 'vitest/node'

const UI = fileURLToPath(new URL('..', import.meta.url))
const OUT = fileURLToPath(new URL('../../target/journeys', import.meta.url))
const WINDOW = fileURLToPath(new URL('../../src-tauri/tauri.conf.json', import.meta.url))

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.woff2': 'font/woff2',
}

declare module 'vitest' {
  interface ProvidedContext {
    address: string
    policy: string
  }
}

export default async function built(project: TestProject) {
  await build({
    root: UI,
    configFile: join(UI, 'vite.config.ts'),
    logLevel: 'error',
    build: {
      outDir: OUT,
      emptyOutDir: true,
      reportCompressedSize: false,
      rolldownOptions: {
        input: ['index.html', 'src/testing/gallery.html', 'src/testing/form/index.html'].map((page) => join(UI, page)),
      },
    },
  })
  const policy = await windowPolicy()
  const server = createServer((request, answer) => {
    const { pathname } = new URL(request.url ?? '/', 'http://gallery')
    const path = normalize(pathname === '/' ? '/index.html' : pathname)
    if (path === '/favicon.ico') {
      answer.writeHead(204)
      answer.end()
      return
    }
    readFile(join(OUT, path)).then(
      (bytes) => {
        answer.writeHead(200, {
          'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': policy,
          'cache-control': extname(path) === '.html' ? 'no-cache' : 'max-age=600',
        })
        answer.end(bytes)
      },
      () => {
        answer.writeHead(404)
        answer.end()
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  project.provide('address', `http://127.0.0.1:${port}`)
  project.provide('policy', policy)
  return () => {
    server.closeAllConnections()
    server.close()
  }
}

async function windowPolicy(): Promise<string> {
  const { app } = JSON.parse(await readFile(WINDOW, 'utf8')) as { app: { security: { csp: string } } }
  return app.security.csp
}
