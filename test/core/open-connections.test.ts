import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { OpenConnections } from '../../proxy/core/open-connections.ts'

class Connection extends EventEmitter {
  isClosed = false

  destroy(): void {
    this.isClosed = true
    this.emit('close')
  }
}

function opened(all: OpenConnections, count: number, agent?: string): Connection[] {
  return Array.from({ length: count }, () => {
    const connection = new Connection()
    all.opened(connection)
    if (agent !== undefined) all.verified(connection, agent)
    return connection
  })
}

const closed = (connections: readonly Connection[]) => connections.map(({ isClosed }) => isClosed)

describe('OpenConnections', () => {
  it('closes none up to its number, and counts none that closed', () => {
    const all = new OpenConnections(3)
    const [first, ...others] = opened(all, 3)
    first?.destroy()
    expect(closed([...others, ...opened(all, 1)])).toEqual([false, false, false])
    expect(all.size).toBe(3)
  })

  it('closes the oldest of no verified agent for one that comes', () => {
    const all = new OpenConnections(4)
    const verified = opened(all, 2, 'a')
    const unverified = opened(all, 2)
    const flood = opened(all, 100)
    expect(closed(verified)).toEqual([false, false])
    expect(closed(unverified)).toEqual([true, true])
    expect(closed(flood.slice(-2))).toEqual([false, false])
    expect(all.size).toBe(4)
  })

  it('closes one of the agent that has the most, where all are of verified agents', () => {
    const all = new OpenConnections(6)
    const good = opened(all, 2, 'good')
    const many = opened(all, 4, 'many')
    // The first is the one used last.
    all.verified(many[0] as Connection, 'many')
    const [next] = opened(all, 1)
    expect(closed(good)).toEqual([false, false])
    expect(closed(many)).toEqual([false, true, false, false])
    expect(next?.isClosed).toBe(false)
  })

  it('goes by the agent that was verified last on a connection', () => {
    const all = new OpenConnections(3)
    const shared = opened(all, 3, 'a')
    for (const each of shared.slice(1)) all.verified(each, 'b')
    opened(all, 1)
    expect(closed(shared)).toEqual([false, true, false])
  })

  it('counts a connection that is closed already never again', () => {
    const all = new OpenConnections(3)
    const [gone] = opened(all, 1)
    gone?.destroy()
    all.verified(gone as Connection, 'a')
    expect(all.size).toBe(0)
  })
})
