/** Returns an error's message for people. If no address of a host answers, Node's error has only a code: that is used. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name)
}
