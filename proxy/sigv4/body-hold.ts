/** Accounts for the memory of body bytes that are held until they are verified. */
import { Denial } from '../core/denial/denial.ts'

/** A BodyHold counts the bytes held for one owner. */
export interface BodyHold {
  /** Reserves the bytes and returns true; returns false and reserves nothing if a limit would be exceeded. */
  take(bytes: number): boolean
  giveBack(bytes: number): void
}

/** Reserves memory for the bytes; throws Denial `overloaded` if there is none left. */
export function takeRoom(hold: BodyHold, bytes: number): void {
  if (!hold.take(bytes)) throw tooMuchHeld()
}

export function tooMuchHeld(): Denial {
  return new Denial('overloaded', 'Too many bytes of request bodies are held in memory.')
}
