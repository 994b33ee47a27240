/**
 * Counts work instead of timing it: how often V8 ran each block of the proxy and of its CBOR parser, and how many
 * characters were joined. The same run gives the same number on any machine.
 */
import { Session } from 'node:inspector/promises'
import { vi } from 'vitest'

const COUNTED = /\/(proxy|node_modules\/cborg)\//

export class StepCounter {
  readonly #session = new Session()

  /** Starts counting. Only modules that are imported later are counted block by block. */
  async start(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  stop(): void {
    this.#session.disconnect()
  }

  async count(run: () => unknown): Promise<number> {
    await this.#session.post('Profiler.takePreciseCoverage')
    const joined = await joinedCharacters(run)
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    const blocks = result
      .filter(({ url }) => COUNTED.test(url))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    return blocks.reduce((sum, each) => sum + each, joined)
  }
}

/** Counts joined characters: joining is native code, whose blocks V8 does not count. */
async function joinedCharacters(run: () => unknown): Promise<number> {
  const join = vi.spyOn(Array.prototype, 'join')
  try {
    await run()
    return join.mock.results.reduce((sum, { value }) => sum + String(value).length, 0)
  } finally {
    join.mockRestore()
  }
}
