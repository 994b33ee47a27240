/**
 * Bounds the body bytes that are held before their sender is verified (rule S28). Until then only the connection is
 * known: an address may be shared by many agents, and a key id proves nothing. When there is no room, the heaviest
 * unfinished body gives way to a lighter one, so whoever opens many large bodies displaces itself and nobody else.
 */

/** An UnverifiedBody is a body of which bytes are held, and whose sender is not verified yet. */
export interface UnverifiedBody {
  /** The socket, or the session of HTTP/2; compared by identity. */
  readonly connection: object
  readonly heldBytes: number
  /** Refuses the body and gives its bytes back; returns false, and does nothing, if the body is whole already. */
  giveWay(): boolean
}

export interface UnverifiedLimits {
  readonly totalBytes: number
  readonly connectionBytes: number
}

interface Connection {
  bytes: number
  readonly bodies: Set<UnverifiedBody>
}

/** Counts unverified bytes, by connection and in total. */
export class UnverifiedBytes {
  readonly #connections = new Map<object, Connection>()
  /** The connections by the logarithm of their bytes: the heaviest is found without a search. */
  readonly #byWeight: Set<Connection>[] = []
  #heldBytes = 0

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Takes the bytes and returns true; returns false and takes nothing if no heavier body could give way. */
  take(body: UnverifiedBody, bytes: number, limits: UnverifiedLimits): boolean {
    if (bytes === 0) return true
    const connection = this.#connections.get(body.connection) ?? { bytes: 0, bodies: new Set() }
    if (!makeRoomOn(connection, body, bytes, limits.connectionBytes)) return false
    if (!this.#makeRoom(connection, body, bytes, limits.totalBytes)) return false
    this.#connections.set(body.connection, connection)
    connection.bodies.add(body)
    this.#weigh(connection, bytes)
    return true
  }

  /** Gives back all bytes of the body. */
  giveBack(body: UnverifiedBody): void {
    const connection = this.#connections.get(body.connection)
    if (connection?.bodies.delete(body) !== true) return
    this.#weigh(connection, -body.heldBytes)
    if (connection.bodies.size === 0) this.#connections.delete(body.connection)
  }

  #weigh(connection: Connection, bytes: number): void {
    this.#byWeight[weightOf(connection.bytes)]?.delete(connection)
    connection.bytes += bytes
    this.#heldBytes += bytes
    if (connection.bytes > 0) (this.#byWeight[weightOf(connection.bytes)] ??= new Set()).add(connection)
  }

  /** Makes room in total: at the cost of clearly heavier connections, else of heavier bodies on the same one. */
  #makeRoom(own: Connection, body: UnverifiedBody, bytes: number, totalBytes: number): boolean {
    const ownWeight = weightOf(own.bytes + bytes)
    const isFull = (): boolean => this.#heldBytes + bytes > totalBytes
    for (let weight = this.#byWeight.length - 1; weight > ownWeight && isFull(); weight--) {
      for (const connection of this.#byWeight[weight] ?? []) {
        if (!isFull()) break
        heaviestFirst(connection).some((each) => each.giveWay())
      }
    }
    return !isFull() || makeRoomOn(own, body, bytes, totalBytes - (this.#heldBytes - own.bytes))
  }
}

/** Makes room on one connection: agents behind one session of HTTP/2 do not hold each other up either. */
function makeRoomOn(
  connection: Connection,
  body: UnverifiedBody,
  bytes: number,
  limitBytes: number,
): boolean {
  if (connection.bytes + bytes <= limitBytes) return true
  for (const each of heaviestFirst(connection)) {
    if (each.heldBytes <= body.heldBytes + bytes) return false
    each.giveWay()
    if (connection.bytes + bytes <= limitBytes) return true
  }
  return false
}

function heaviestFirst({ bodies }: Connection): UnverifiedBody[] {
  return [...bodies].sort((a, b) => b.heldBytes - a.heldBytes)
}

/** The number of binary digits. */
function weightOf(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1
}
