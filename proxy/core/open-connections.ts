/**
 * Bounds the open connections, so that nobody holds all of them (rule S28). When there are too many, one is closed: the
 * oldest on which no agent was ever verified; if there is none, one of the agent that has the most. So whoever opens
 * many displaces itself, and whoever comes is served.
 */

/** An OpenConnection is a socket, or a session of HTTP/2; compared by identity. */
export interface OpenConnection {
  destroy(): unknown
  once(event: 'close', listener: () => void): unknown
}

interface Entry {
  connection: OpenConnection
  /** The agent of the last verified call. */
  agent: string | undefined
}

/** Counts the connections of a listener, and closes one when there are too many. */
export class OpenConnections {
  readonly most: number
  readonly #entries = new Map<object, Entry>()
  /** The oldest first. */
  readonly #unverified = new Set<Entry>()
  /** The connections of each agent; the one that was longest without a verified call first. */
  readonly #byAgent = new Map<string, Set<Entry>>()

  constructor(most: number) {
    this.most = most
  }

  get size(): number {
    return this.#entries.size
  }

  /** Counts a connection until it closes, and closes another one if there are too many. */
  opened(connection: OpenConnection): void {
    const entry: Entry = { connection, agent: undefined }
    this.#entries.set(connection, entry)
    this.#unverified.add(entry)
    connection.once('close', () => this.forget(connection))
    if (this.size <= this.most) return
    const [oldest = entry] = this.#unverified
    const victim = oldest === entry ? (this.#ofLargest() ?? entry) : oldest
    this.forget(victim.connection)
    victim.connection.destroy()
  }

  /** Lets another object stand for a connection, which keeps its place: TLS makes one of the socket that it uses. */
  replaced(connection: object, by: OpenConnection): void {
    const entry = this.#entries.get(connection)
    if (entry === undefined) return
    this.#entries.delete(connection)
    entry.connection = by
    this.#entries.set(by, entry)
    by.once('close', () => this.forget(by))
  }

  /** Says that a call of this agent was verified on the connection. */
  verified(connection: object, agent: string): void {
    const entry = this.#entries.get(connection)
    // One that is closed already is not counted again.
    if (entry === undefined) return
    this.#remove(entry)
    entry.agent = agent
    const own = this.#byAgent.get(agent) ?? new Set()
    this.#byAgent.set(agent, own.add(entry))
  }

  /** Counts the connection no longer. */
  forget(connection: object): void {
    const entry = this.#entries.get(connection)
    if (entry === undefined) return
    this.#entries.delete(connection)
    this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#unverified.delete(entry)
    if (entry.agent === undefined) return
    const own = this.#byAgent.get(entry.agent)
    own?.delete(entry)
    if (own?.size === 0) this.#byAgent.delete(entry.agent)
  }

  /** Agents are few, next to their connections. */
  #ofLargest(): Entry | undefined {
    let largest: ReadonlySet<Entry> = new Set()
    for (const each of this.#byAgent.values()) if (each.size > largest.size) largest = each
    const [oldest] = largest
    return oldest
  }
}
