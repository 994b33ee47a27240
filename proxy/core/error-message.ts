/** What went wrong, in words for people. Node's errors have none, but a code, where no address of a host answers. */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ((error as NodeJS.ErrnoException).code ?? error.name)
}
