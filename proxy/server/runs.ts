/** The runs that are under way: what they stand on is closed only when each of them has left its records. */
import type { Runner } from '../pipeline/run.ts'

export interface Runs {
  readonly run: Runner
  /** Resolves once no run is under way. */
  ended(): Promise<void>
}

export function counted(run: Runner): Runs {
  let underWay = 0
  let wake = (): void => {}
  return {
    async run(received) {
      underWay += 1
      try {
        await run(received)
      } finally {
        underWay -= 1
        if (underWay === 0) wake()
      }
    },
    ended: () =>
      underWay === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            wake = resolve
          }),
  }
}
