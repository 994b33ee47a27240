/** The load: raw keep-alive sockets, each sending its own next request when the answer to its last is whole. */
import { connect, type Socket } from 'node:net'

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers other than 200, and broken connections: a measurement with any is void. */
  readonly failures: number
}

export interface LoadOptions {
  readonly url: string
  /** At least as many as connections, which share them out. */
  readonly requests: readonly Buffer[]
  readonly connections: number
  readonly durationMs: number
}

/** Closed loop for `durationMs`; latencies are those of that load, not of an idle proxy. */
export async function load({ url, requests, connections, durationMs }: LoadOptions): Promise<LoadResult> {
  const { hostname, port } = new URL(url)
  const latencies: number[] = []
  const startedMs = performance.now()
  const untilMs = startedMs + durationMs
  const failures = await Promise.all(
    Array.from({ length: connections }, (_, index) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true })
      const own = requests.filter((_request, number) => number % connections === index)
      return drive(socket, own, untilMs, latencies)
    }),
  )
  const sorted = Float64Array.from(latencies).sort()
  return {
    requests: sorted.length,
    seconds: (performance.now() - startedMs) / 1000,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    failures: failures.reduce((sum, each) => sum + each, 0),
  }
}

/** Drives one connection until the time is over; resolves with the number of failures. */
function drive(
  socket: Socket,
  requests: readonly Buffer[],
  untilMs: number,
  latencies: number[],
): Promise<number> {
  return new Promise((resolve) => {
    let next = 0
    let failures = 0
    let sentMs = 0
    let answer = ''
    let over = false
    const send = (): void => {
      sentMs = performance.now()
      socket.write(requests[next++ % requests.length] as Buffer)
    }
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      if (!isWhole(answer)) return
      const nowMs = performance.now()
      latencies.push(nowMs - sentMs)
      if (!answer.startsWith('HTTP/1.1 200')) failures += 1
      answer = ''
      if (nowMs < untilMs) return send()
      over = true
      socket.end()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(failures + (over ? 0 : 1)))
  })
}

/** Whether an answer is complete, by Content-Length or by the last chunk. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n')
  if (end < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(answer)?.[1]
  return length === undefined ? answer.endsWith('\r\n0\r\n\r\n') : answer.length >= end + 4 + Number(length)
}
