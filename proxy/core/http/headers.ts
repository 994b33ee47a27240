/** Lists, in lower case, the fields of one connection: a proxy forwards them in neither direction (RFC 9110 7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Holds the header fields of one request, in the order and spelling of arrival.
 *
 * Node joins or drops repeated fields. What is verified must be what is forwarded, so all of Moderato reads this view
 * of `rawHeaders` instead.
 */
export class HeaderFields {
  /** name, value, name, value, ... exactly as received. */
  readonly raw: readonly string[]
  /** The name of each of these fields in lower case, in their order. */
  readonly lowerNames: readonly string[]
  /** Names in lower case of fields that came more than once; few requests have any. */
  readonly repeated: readonly string[]
  /** A list only where a field came more than once: most do not, and every request has some twenty. */
  readonly #byName = new Map<string, string | string[]>()

  constructor(raw: readonly string[]) {
    const lowerNames: string[] = []
    const repeated: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = (raw[i] as string).toLowerCase()
      const value = raw[i + 1] as string
      const values = this.#byName.get(name)
      lowerNames.push(name)
      if (values === undefined) this.#byName.set(name, value)
      else if (typeof values === 'string') {
        repeated.push(name)
        this.#byName.set(name, [values, value])
      } else values.push(value)
    }
    this.raw = raw
    this.lowerNames = lowerNames
    this.repeated = repeated
  }

  /** Returns the only value of a field; `undefined` if the field is absent or repeated. */
  one(name: string): string | undefined {
    const value = this.#byName.get(name)
    return typeof value === 'string' ? value : undefined
  }

  /** Returns every value of a field, in order of arrival; `name` must be in lower case. */
  all(name: string): readonly string[] {
    const values = this.#byName.get(name) ?? []
    return typeof values === 'string' ? [values] : values
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }

  /** Returns the fields without those of these names (lower case). */
  without(names: ReadonlySet<string>): HeaderFields {
    const kept: string[] = []
    for (const [index, lower] of this.lowerNames.entries())
      if (!names.has(lower)) kept.push(this.raw[2 * index] as string, this.raw[2 * index + 1] as string)
    return new HeaderFields(kept)
  }

  /** Returns the names present, in lower case, each once. */
  names(): IterableIterator<string> {
    return this.#byName.keys()
  }
}
