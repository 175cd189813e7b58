// One browser for a file of journeys, and what they do with it: open a form, answer, look at what was kept.
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { chromium, type Browser, type BrowserContext, type Locator, type Page } from 'playwright-core'
import { expect, inject } from 'vitest'

import type { DisplayMode } from '@/state/display'

export const PICTURES = fileURLToPath(new URL('../../target/screenshots', import.meta.url))

export const MODES: readonly DisplayMode[] = ['both', 'zh', 'mn-Mong', 'mn-Cyrl', 'en']

/** The browser that CHROMIUM names, or the first one on the path. */
function program(): string {
  const named = process.env['CHROMIUM']
  if (named !== undefined) return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) => folders.map((folder) => join(folder, name)))
  const first = found.find((path) => existsSync(path))
  if (first === undefined) throw new Error('No browser: install chromium, or name one in CHROMIUM')
  return first
}

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: program(),
    args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
  })
}

export interface Visit {
  readonly page: Page
  /** The element that carries this mark for tests. */
  readonly at: (testid: string) => Locator
  /** Waits until what was kept holds this piece. */
  readonly kept: (piece: string | RegExp) => Promise<void>
  /** What was kept last. */
  readonly xml: () => Promise<string>
  /** Everything that the page complained about. */
  readonly troubles: string[]
  readonly shot: (name: string) => Promise<void>
}

export interface FormWish {
  readonly mode: DisplayMode
  readonly form?: string
  readonly page?: number
  readonly more?: string
  readonly size?: { width: number; height: number }
}

const contexts = new WeakMap<Browser, Promise<BrowserContext>>()

// What was fetched once is not fetched again; pages of one file share a cache, as those of the tablet do. Nothing waits for
// movements, except where they are what is looked at.
function contextOf(browser: Browser): Promise<BrowserContext> {
  const known = contexts.get(browser) ?? browser.newContext({ reducedMotion: 'reduce' })
  contexts.set(browser, known)
  return known
}

export async function visitPage(browser: Browser, path: string, size = { width: 1280, height: 800 }): Promise<Visit> {
  const page = await (await contextOf(browser)).newPage()
  await page.setViewportSize(size)
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text())
  })
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      // eslint-disable-next-line no-console -- how the page tells the journey
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)
    })
  })
  await page.goto(inject('address') + path)
  const xml = () => page.evaluate(() => window.gallery.host.saves.at(-1)?.xml ?? '')
  return {
    page,
    troubles,
    xml,
    at: (testid) => page.getByTestId(testid),
    async kept(piece) {
      await expect.poll(xml, { timeout: 10_000, interval: 50 }).toMatch(typeof piece === 'string' ? literal(piece) : piece)
    },
    async shot(name) {
      await mkdir(PICTURES, { recursive: true })
      await page.evaluate(() => document.fonts.ready)
      await page.screenshot({ path: join(PICTURES, `${name}.png`) })
    },
  }
}

export async function visitForm(browser: Browser, wish: FormWish): Promise<Visit> {
  const { mode, form = 'everything', page = 0, more = '' } = wish
  const visit = await visitPage(browser, `/src/testing/form/index.html?mode=${mode}&form=${form}&page=${page}${more}`, wish.size)
  await visit.at('form-page').waitFor()
  return visit
}

function literal(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
}
