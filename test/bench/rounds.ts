/** Measures contenders in turn, round by round, so that what else the machine does hits all of them alike. */
import { load } from './load.ts'
import { signRequests, type Kind } from './signed-requests.ts'
import type { Subject } from './subject.ts'

export interface Contender {
  readonly name: string
  readonly kind: Kind
  readonly subject: Subject
  /** No table twice, in no round: what is remembered of earlier calls is of no use. */
  readonly alwaysNew?: boolean
}

export interface RoundSettings {
  readonly connections: number
  readonly rounds: number
  readonly roundMs: number
  /** Requests that each contender serves before anything is measured: V8 optimises by use, not by time. */
  readonly warmUpRequests: number
}

/** One contender; each number is the median of its rounds. */
export interface Row {
  readonly name: string
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** CPU seconds of the proxy's process, user and system, for 1,000 requests. */
  readonly cpuSecondsPer1000: number
  /** CPU seconds a second: near 1, the proxy's core is what limits; well below, the load or the disk does. */
  readonly busy: number
  /** At the end of the last round. */
  readonly rssMiB: number
  readonly failures: number
}

type Round = Omit<Row, 'name'>

const DISTINCT_REQUESTS = 2000
/** More than are served in a round. */
const NEW_REQUESTS = 20_000
const MAX_WARM_UP_ROUNDS = 10

export async function measureRounds(
  contenders: readonly Contender[],
  settings: RoundSettings,
  progress: (text: string) => void,
): Promise<Row[]> {
  for (const each of contenders) {
    progress(`warming up: ${each.name}`)
    await warmUp(each, settings)
  }
  const rounds = contenders.map((): Round[] => [])
  for (let number = 1; number <= settings.rounds; number += 1) {
    progress(`round ${number} of ${settings.rounds}`)
    for (const [index, each] of contenders.entries()) {
      rounds[index]?.push(await measureRound(each, settings.connections, settings.roundMs))
    }
  }
  return contenders.map(({ name }, index) => ({ name, ...summary(rounds[index] ?? []) }))
}

async function warmUp(
  contender: Contender,
  { connections, roundMs, warmUpRequests }: RoundSettings,
): Promise<void> {
  let served = 0
  for (let rounds = 0; served < warmUpRequests && rounds < MAX_WARM_UP_ROUNDS; rounds += 1) {
    const { requestsPerSecond } = await measureRound(contender, connections, roundMs)
    served += (requestsPerSecond * roundMs) / 1000
  }
}

let firstNew = DISTINCT_REQUESTS

async function measureRound(
  { kind, subject, alwaysNew = false }: Contender,
  connections: number,
  durationMs: number,
): Promise<Round> {
  const { host } = new URL(subject.url)
  const requests = alwaysNew
    ? await signRequests(kind, host, NEW_REQUESTS, firstNew)
    : await signRequests(kind, host, DISTINCT_REQUESTS)
  if (alwaysNew) firstNew += NEW_REQUESTS
  const before = subject.cpuSeconds()
  const result = await load({ url: subject.url, requests, connections, durationMs })
  const cpuSeconds = subject.cpuSeconds() - before
  return {
    requestsPerSecond: result.requests / result.seconds,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuSecondsPer1000: (cpuSeconds / result.requests) * 1000,
    busy: cpuSeconds / result.seconds,
    rssMiB: subject.rssMiB(),
    failures: result.failures,
  }
}

function summary(rounds: readonly Round[]): Round {
  const median = (of: (round: Round) => number): number => {
    const values = rounds.map(of).sort((one, other) => one - other)
    return values[Math.floor(values.length / 2)] ?? NaN
  }
  return {
    requestsPerSecond: median((round) => round.requestsPerSecond),
    p50Ms: median((round) => round.p50Ms),
    p99Ms: median((round) => round.p99Ms),
    cpuSecondsPer1000: median((round) => round.cpuSecondsPer1000),
    busy: median((round) => round.busy),
    rssMiB: rounds.at(-1)?.rssMiB ?? NaN,
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
  }
}
