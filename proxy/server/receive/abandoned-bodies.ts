/** Keeps the uploads that were answered early and are still read, so that a service that stops need not wait for them. */

/** A client that still sends has had this long to read its answer. */
const GRACE_MS = 1_000

/** The functions that stop reading, with the time since when each body is read. All listeners of a process share them. */
const sinceMs = new Map<() => void, number>()

/** Notes a body that is read on, and returns a function to call when that is over. */
export function readOnUntil(stop: () => void): () => void {
  sinceMs.set(stop, performance.now())
  return () => sinceMs.delete(stop)
}

/** Stops reading the bodies whose clients have had time to read their answers. */
export function stopAbandoned(): void {
  const nowMs = performance.now()
  for (const [stop, beganMs] of sinceMs) if (nowMs - beganMs > GRACE_MS) stop()
}
