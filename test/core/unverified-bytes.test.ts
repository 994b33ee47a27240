import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BufferBudget } from '../../proxy/core/buffer-budget.ts'
import { UnverifiedBytes, type UnverifiedBody } from '../../proxy/core/unverified-bytes.ts'

const LIMITS = { totalBytes: 1000, connectionBytes: 600 }

/** A body that counts what it holds, as the one of the agent listener does. */
class Body implements UnverifiedBody {
  readonly connection: object
  readonly #all: UnverifiedBytes
  heldBytes = 0
  isWhole = false
  gaveWay = false

  constructor(all: UnverifiedBytes, connection: object = {}) {
    this.#all = all
    this.connection = connection
  }

  take(bytes: number): boolean {
    const taken = this.#all.take(this, bytes, LIMITS)
    if (taken) this.heldBytes += bytes
    return taken
  }

  end(): void {
    this.#all.giveBack(this)
    this.heldBytes = 0
  }

  giveWay(): boolean {
    if (this.isWhole || this.gaveWay) return false
    this.gaveWay = true
    this.end()
    return true
  }
}

function filled(bodies: number, bytesEach: number, connection?: object) {
  const all = new UnverifiedBytes()
  const held = Array.from({ length: bodies }, () => new Body(all, connection))
  for (const each of held) each.take(bytesEach)
  return { all, held }
}

describe('UnverifiedBytes', () => {
  it('serves a light body at the cost of one heavy unfinished body, however many there are', () => {
    const { all, held } = filled(5, 200)
    expect(new Body(all).take(100)).toBe(true)
    expect(held.filter(({ gaveWay }) => gaveWay)).toHaveLength(1)
    expect(all.heldBytes).toBe(900)
  })

  it('refuses a body that is as heavy as the others', () => {
    const { all, held } = filled(5, 200)
    expect(new Body(all).take(200)).toBe(false)
    expect(held.some(({ gaveWay }) => gaveWay)).toBe(false)
    expect(all.heldBytes).toBe(1000)
  })

  it('weighs by connection: many small bodies on one count together', () => {
    const connection = {}
    const { all, held } = filled(12, 50, connection)
    const other = new Body(all)
    expect(other.take(250) && other.take(150)).toBe(true)
    expect(new Body(all).take(100)).toBe(true)
    expect(held.filter(({ gaveWay }) => gaveWay)).toHaveLength(2)
    expect(other.gaveWay).toBe(false)
  })

  it('lets a light body pass heavier ones on the same connection', () => {
    const connection = {}
    const { all, held } = filled(3, 200, connection)
    expect(new Body(all, connection).take(100)).toBe(true)
    expect(held.filter(({ gaveWay }) => gaveWay)).toHaveLength(1)
    expect(new Body(all, connection).take(201)).toBe(false)
  })

  it('takes nothing from a body that is whole, since it is verified next', () => {
    const { all, held } = filled(5, 200)
    for (const each of held) each.isWhole = true
    expect(new Body(all).take(10)).toBe(false)
    held[0]?.end()
    expect(new Body(all).take(10)).toBe(true)
  })

  it('keeps its bounds and its sums whatever comes', () => {
    const step = fc.record({
      connection: fc.nat(4),
      body: fc.nat(3),
      bytes: fc.integer({ min: 0, max: 400 }),
      does: fc.constantFrom('take', 'take', 'take', 'whole', 'end'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const all = new UnverifiedBytes()
        const connections = Array.from({ length: 5 }, () => ({}))
        const bodies = new Map<string, Body>()
        for (const { connection, body, bytes, does } of steps) {
          const key = `${connection} ${body}`
          const known = bodies.get(key)
          const held = known === undefined || known.gaveWay ? new Body(all, connections[connection]) : known
          bodies.set(key, held)
          if (does === 'take') held.take(bytes)
          else if (does === 'whole') held.isWhole = true
          else {
            held.end()
            bodies.delete(key)
          }
          const live = [...bodies.values()]
          expect(all.heldBytes).toBe(live.reduce((sum, { heldBytes }) => sum + heldBytes, 0))
          expect(all.heldBytes).toBeLessThanOrEqual(LIMITS.totalBytes)
          for (const each of connections) {
            const own = live.filter((one) => one.connection === each)
            expect(own.reduce((sum, { heldBytes }) => sum + heldBytes, 0)).toBeLessThanOrEqual(
              LIMITS.connectionBytes,
            )
          }
        }
        for (const each of bodies.values()) each.end()
        expect(all.heldBytes).toBe(0)
      }),
    )
  })
})

describe('BufferBudget', () => {
  it('leaves verified agents the part that unverified bodies may not take', () => {
    const budget = new BufferBudget({ bufferedTotalBytes: 1000, bufferedAgentBytes: 600 })
    const whole = { connection: {}, heldBytes: 0, giveWay: () => false }
    expect(budget.takeUnverified(whole, 501)).toBe(false)
    expect(budget.takeUnverified(whole, 500)).toBe(true)
    expect(budget.take('agent', 500)).toBe(true)
    expect(budget.take('agent', 1)).toBe(false)
    expect(budget.heldBytes).toBe(1000)
  })
})
