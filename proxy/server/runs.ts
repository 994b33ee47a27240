/** Counts the runs in flight, so that the audit log and the store are closed only when each run has left its records. */
import type { Runner } from '../pipeline/run.ts'

/** A runner whose runs are counted. */
export interface Runs {
  readonly run: Runner
  /** Resolves once no run is in flight. */
  ended(): Promise<void>
}

/** Returns the runner with a count of its runs in flight. */
export function counted(run: Runner): Runs {
  let inFlight = 0
  let wake = (): void => {}
  return {
    async run(received) {
      inFlight += 1
      try {
        await run(received)
      } finally {
        inFlight -= 1
        if (inFlight === 0) wake()
      }
    },
    ended: () =>
      inFlight === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            wake = resolve
          }),
  }
}
