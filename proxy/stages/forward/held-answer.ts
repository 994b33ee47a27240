/** Holds an error back until it is known whether it asks for a retry: the client's next request may be that retry. */

/** More than any error of AWS has. What is longer is judged by its beginning, and then goes on. */
const HELD_BYTES = 64 * 1024
/** What may come before the root of an XML document. S3 sends spaces while it still works. */
const BEFORE_ROOT = /^(?:\s|<\?[^>]*\?>)+/
const ROOT = '<Error'
const DECLARATION_CHARACTERS = 1024

/** Decides, piece by piece, what of an answer's body is held. */
export class HeldAnswer {
  #state: 'error' | 'undecided' | 'none'
  /** What is known of the body's beginning, while it is undecided. */
  #text = ''
  readonly #pieces: Buffer[] = []
  #bytes = 0

  /**
   * `error`: the status says that it is one, so all of it is held. `undecided`: the status is that of a success, but the
   * body may be an error of S3, which has a status before it has a result. `none`: nothing is held.
   */
  constructor(state: 'error' | 'undecided' | 'none') {
    this.#state = state
  }

  /** True if what came so far is an error. */
  get isError(): boolean {
    return this.#state === 'error'
  }

  /** True once there is too much to hold. */
  get isFull(): boolean {
    return this.#bytes > HELD_BYTES
  }

  /** Takes a piece, and returns the pieces that may go on now. */
  take(piece: Buffer): readonly Buffer[] {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (this.#state === 'undecided') this.#look(piece)
    return this.#state === 'none' || (this.#state === 'undecided' && this.#text === '') ? this.rest() : []
  }

  /** Returns what is held, and holds it no longer. */
  rest(): Buffer[] {
    this.#bytes = 0
    return this.#pieces.splice(0)
  }

  /** Returns the bytes that are held. */
  body(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  #look(piece: Buffer): void {
    this.#text = (this.#text + piece.toString('latin1', 0, HELD_BYTES)).replace(BEFORE_ROOT, '')
    if (this.#text === '') return
    if (/^<Error[\s>]/.test(this.#text)) this.#state = 'error'
    else if (!this.#mayBecomeError()) this.#state = 'none'
  }

  #mayBecomeError(): boolean {
    if (ROOT.startsWith(this.#text) || this.#text === ROOT) return true
    return this.#text.startsWith('<?') && this.#text.length < DECLARATION_CHARACTERS
  }
}
