/** What calls cost that wait for their turn: memory, and CPU while nothing happens. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SignatureV4 } from '@smithy/signature-v4'
import { REGION, Sha256, unsignedRequest, type Kind, type SignedRequest } from './signed-requests.ts'
import type { Subject } from './subject.ts'

export interface HeldRow {
  readonly name: string
  /** Calls that waited when it was measured. */
  readonly held: number
  readonly startMiB: number
  readonly heldMiB: number
  /** CPU seconds a second while all of them waited. */
  readonly busy: number
}

/**
 * Of an agent that calls for 25 things, for 25 more, and then for one thing 12 times, the first call goes at once, the
 * next waits for 30 s, and the others behind it for up to 45 s: time enough to have them all there.
 */
export const HELD_PACE = { rate: '50/min', burst: 25, maxWait: '45s' }
export const HELD_CLASS = 'data-delete'
const THINGS = 25
const HELD_PER_AGENT = 13
/** Opened at a time: the listener's backlog is 511. */
const BATCH = 250
/** V8 gives back what the arrivals took some seconds after it has nothing to do. */
const SETTLE_MS = 5_000
const IDLE_MS = 2_000
const LOAD_MS = 30_000

const SMALL: Kind = {
  operation: 'DeleteItem',
  body: (number) => `{"TableName":"bench-${number}","Key":{"id":{"S":"item-1"}}}`,
}
const BIG: Kind = {
  operation: 'BatchWriteItem',
  body: (number) => {
    const items = Array.from(
      { length: THINGS },
      (_, index) => `{"DeleteRequest":{"Key":{"id":{"S":"${index}"}}}}`,
    )
    return `{"RequestItems":{"bench-${number}":[${items.join(',')}]}}`
  },
}

export interface HeldAgent {
  readonly id: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** As many agents as it takes to have `held` calls wait. */
export function heldAgents(held: number): HeldAgent[] {
  return Array.from({ length: Math.ceil(held / HELD_PER_AGENT) }, (_, number) => ({
    id: `held-${number}`,
    accessKeyId: `AKIDHELD${String(number).padStart(6, '0')}`,
    secretAccessKey: `secret-of-the-benched-agent-${number}`,
  }))
}

/** Sends a call of every agent that goes (a bare server gets none), then those that wait; measures while they do. */
export async function measureHeld(
  name: string,
  subject: Subject,
  agents: readonly HeldAgent[],
  goesFirst: boolean,
): Promise<HeldRow> {
  const { host } = new URL(subject.url)
  const rounds = await Promise.all(
    Array.from({ length: HELD_PER_AGENT + 1 }, (_, round) => signRound(agents, host, round)),
  )
  const startMiB = subject.rssMiB()
  const sockets = new Set<Socket>()
  const untilMs = performance.now() + LOAD_MS
  try {
    if (goesFirst) await openAll(subject.url, rounds[0] ?? [], sockets, true)
    for (const requests of rounds.slice(1)) {
      if (performance.now() > untilMs) break
      await openAll(subject.url, requests, sockets, false)
    }
    await sleep(SETTLE_MS)
    const [cpuBefore, beganMs] = [subject.cpuSeconds(), performance.now()]
    await sleep(IDLE_MS)
    const busy = (subject.cpuSeconds() - cpuBefore) / ((performance.now() - beganMs) / 1000)
    return { name, held: sockets.size, startMiB, heldMiB: subject.rssMiB(), busy }
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

function signRound(agents: readonly HeldAgent[], host: string, round: number): Promise<Buffer[]> {
  return Promise.all(
    agents.map(async (credentials, index) => {
      const signer = new SignatureV4({
        credentials,
        region: REGION,
        service: 'dynamodb',
        sha256: Sha256,
        applyChecksum: true,
      })
      const number = round * agents.length + index
      const { method, path, headers, body } = (await signer.sign(
        unsignedRequest(round < 2 ? BIG : SMALL, host, number),
      )) as SignedRequest
      const fields = Object.entries(headers).map(([field, value]) => `${field}: ${value}`)
      return Buffer.from([`${method} ${path} HTTP/1.1`, ...fields, '', body].join('\r\n'))
    }),
  )
}

/** Opens a connection for each request and sends it; those that are answered or closed leave `sockets`. */
async function openAll(
  url: string,
  requests: readonly Buffer[],
  sockets: Set<Socket>,
  untilAnswered: boolean,
): Promise<void> {
  for (let from = 0; from < requests.length; from += BATCH) {
    await Promise.all(
      requests.slice(from, from + BATCH).map((request) => openOne(url, request, sockets, untilAnswered)),
    )
  }
}

function openOne(url: string, request: Buffer, sockets: Set<Socket>, untilAnswered: boolean): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    sockets.add(socket)
    const over = (): void => {
      sockets.delete(socket)
      socket.destroy()
      resolve()
    }
    socket.once('data', over).once('error', over).once('close', over)
    socket.once('connect', () => socket.write(request, () => untilAnswered || resolve()))
  })
}
