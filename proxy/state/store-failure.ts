import { errorMessage } from '../core/error-message.ts'

/** Says that the state store failed, or that others wrote first again and again: a caller may try again. Not a bug. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
  /** Nothing was written, and the message says why; otherwise nobody knows. */
  readonly isRefusal: boolean

  constructor(cause: unknown) {
    super(errorMessage(cause), { cause })
    this.isRefusal = typeof cause === 'string' || cause instanceof UnfitStore
  }
}

/**
 * Says that a store is there and must not be used: it lost or would lose what it was given, or is another one. Its
 * message says what to do.
 */
export class UnfitStore extends Error {
  override readonly name = 'UnfitStore'
}

/** Waits for the store. Rejects with `StoreFailure` if it fails. */
export async function orStoreFailure<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked
  } catch (cause) {
    throw cause instanceof StoreFailure ? cause : new StoreFailure(cause)
  }
}
