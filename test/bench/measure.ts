/** Times single calls, by the CPU that they take or by the clock. */

export interface MicroResult {
  readonly name: string
  /** Of CPU, user and system, for one call: the best of several batches. Where the name says p50, the median call. */
  readonly microseconds: number
}

const BATCHES = 5

/** CPU of a call: the best of several batches. */
export async function measure(name: string, calls: number, call: () => unknown): Promise<MicroResult> {
  let best = Infinity
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const before = process.cpuUsage()
    for (let index = 0; index < calls; index += 1) {
      const result = call()
      if (result instanceof Promise) await result
    }
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / calls)
  }
  return { name, microseconds: best }
}

/** The median of single calls, after as many that warm up. */
export async function measureMedian(
  name: string,
  calls: number,
  call: () => Promise<unknown>,
): Promise<MicroResult> {
  const tookMs = new Float64Array(calls)
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < calls; index += 1) {
      const startedMs = performance.now()
      await call()
      tookMs[index] = performance.now() - startedMs
    }
  }
  return { name: `${name}, p50`, microseconds: (tookMs.sort()[Math.floor(calls / 2)] ?? NaN) * 1000 }
}
