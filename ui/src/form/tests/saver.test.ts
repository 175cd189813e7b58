import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { GATHER_MS, makeSaver } from '../saver'

/** A host whose saves are answered by hand. */
function slowHost() {
  const saves: { state: string; succeed: () => void; fail: () => void }[] = []
  let state = ''
  return {
    saves,
    type: (text: string) => (state = text),
    save: () =>
      new Promise<void>((resolve, reject) => {
        saves.push({
          state,
          succeed: resolve,
          fail: () => {
            reject(new Error('disk full'))
          },
        })
      }),
  }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('saving a draft', () => {
  it('gathers fast answers into one save of the newest', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    for (const text of ['a', 'ab', 'abc']) {
      host.type(text)
      saver.changed()
    }
    expect(host.saves).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(GATHER_MS)
    expect(host.saves.map((save) => save.state)).toEqual(['abc'])
    host.saves[0]?.succeed()
    await vi.advanceTimersByTimeAsync(0)
    expect(saver.now.state).toBe('saved')
  })

  it('never waits longer than 300 ms while the officer goes on typing', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    for (let ms = 0; ms < 300; ms += 50) {
      saver.changed()
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(host.saves.length).toBeGreaterThan(0)
  })

  it('has one save under way at most, and the newest state ends up saved', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    host.type('first')
    saver.changed()
    await vi.advanceTimersByTimeAsync(GATHER_MS)
    for (const text of ['second', 'third']) {
      host.type(text)
      saver.changed()
      await vi.advanceTimersByTimeAsync(GATHER_MS)
    }
    expect(host.saves).toHaveLength(1)
    host.saves[0]?.succeed()
    await vi.advanceTimersByTimeAsync(GATHER_MS)
    expect(host.saves.map((save) => save.state)).toEqual(['first', 'third'])
    expect(saver.now.state).toBe('saving')
    host.saves[1]?.succeed()
    await vi.advanceTimersByTimeAsync(0)
    expect(saver.now.state).toBe('saved')
  })

  it('shows a failed save and tries again by itself until it succeeds', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    host.type('kept')
    saver.changed()
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await vi.advanceTimersByTimeAsync(5_000)
      expect(host.saves).toHaveLength(attempt + 1)
      host.saves[attempt]?.fail()
      await vi.advanceTimersByTimeAsync(0)
      expect(saver.now.state).toBe('failed')
    }
    await vi.advanceTimersByTimeAsync(5_000)
    host.saves[4]?.succeed()
    await vi.advanceTimersByTimeAsync(0)
    expect(saver.now.state).toBe('saved')
    expect(host.saves.at(-1)?.state).toBe('kept')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(host.saves).toHaveLength(5)
  })

  it('flushes what is new, and says when that failed', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    await saver.flush()
    expect(host.saves).toHaveLength(0)

    saver.changed()
    const failed = saver.flush()
    const seen = expect(failed).rejects.toThrow('disk full')
    host.saves[0]?.fail()
    await seen

    const second = saver.flush()
    await vi.advanceTimersByTimeAsync(0)
    host.saves[1]?.succeed()
    await second
    expect(saver.now.state).toBe('saved')
  })

  it('flushes the newest state even when an older save is under way and fails', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    host.type('old')
    saver.changed()
    await vi.advanceTimersByTimeAsync(GATHER_MS)
    host.type('new')
    saver.changed()
    const flushed = saver.flush()
    host.saves[0]?.fail()
    await vi.advanceTimersByTimeAsync(0)
    host.saves[1]?.succeed()
    await flushed
    expect(host.saves.map((save) => save.state)).toEqual(['old', 'new'])
  })

  it('offers what is new once more when it is closed, and then rests', async () => {
    const host = slowHost()
    const saver = makeSaver(host.save)
    saver.changed()
    saver.close()
    expect(host.saves).toHaveLength(1)
    host.saves[0]?.fail()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(host.saves).toHaveLength(1)
  })
})
