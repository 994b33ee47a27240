/** Cuts off a body that comes too slowly (rule S9). */
import { Denial } from '../../core/denial/denial.ts'
import type { Request } from '../../core/http/message.ts'
import type { BodyLimits } from '../../core/http/body-limits.ts'

/** Calls back once when a body comes slower than the minimum rate. */
export class PaceGuard {
  readonly #timer: NodeJS.Timeout

  constructor(request: Request, limits: BodyLimits, onSlow: (denial: Denial) => void) {
    const socket = request.socket
    const wantedBytes = (limits.bodyMinBytesPerSecond * limits.bodyPauseMs) / 1000
    let readBytes = socket.bytesRead
    this.#timer = setInterval(() => {
      // It is not the client's fault if Moderato itself holds the body back because the upstream is slow.
      const heldByUs =
        request.complete || request.isPaused() || request.readableLength >= request.readableHighWaterMark
      if (!heldByUs && socket.bytesRead - readBytes < wantedBytes) {
        this.stop()
        onSlow(new Denial('body_too_slow', 'The body came too slowly.'))
      }
      readBytes = socket.bytesRead
    }, limits.bodyPauseMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
