/** Room in memory for the bytes of a body that are held until they are verified. */
import { Denial } from '../core/denial/denial.ts'

/** Whose memory the held bytes take. */
export interface BodyHold {
  /** Takes room for so many bytes, or says no and takes nothing. */
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

/** Takes room for so many bytes; denial `overloaded` where there is none. */
export function takeRoom(hold: BodyHold, bytes: number): void {
  if (!hold.take(bytes)) throw tooMuchHeld()
}

export function tooMuchHeld(): Denial {
  return new Denial('overloaded', 'Too many request bodies are held in memory.')
}
