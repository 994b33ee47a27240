/** Prints what became of each step of a client, one JSON line each, as the programs in other languages do. */

/** Runs a step and prints what became of it: with the service's code and message if it failed. */
export async function report(step: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
    console.log(JSON.stringify({ step, ok: true }))
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string }
    console.log(JSON.stringify({ step, ok: false, code: code ?? name, message }))
  }
}

/** Returns a variable of the environment, which the caller sets. */
export function given(name: string): string {
  return process.env[name] ?? ''
}
