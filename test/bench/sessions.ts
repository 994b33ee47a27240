/** What it costs that agents come with the credentials of a task, and that very many of them do. */
import { passedStages } from '../support/facts.ts'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Session } from '../../proxy/core/agent.ts'
import { agentStore, staticOwners } from '../../proxy/identity/agent-store.ts'
import { Revocations } from '../../proxy/identity/revocations.ts'
import { sealingKey, type Sealed } from '../../proxy/identity/sealed-token.ts'
import { Sessions } from '../../proxy/identity/sessions.ts'
import { checkHolds } from '../../proxy/stages/check-holds.ts'
import { Ledger } from '../../proxy/state/ledger.ts'
import { NO_WITNESS } from '../../proxy/state/witness.ts'
import { MemoryLedger } from '../../proxy/state/memory.ts'
import { measure, type MicroResult } from './measure.ts'
import { READ, REGION, Sha256, type SignedRequest } from './signed-requests.ts'
import { clock, GRANTS, received, signedBy, stages } from './stages.ts'

const LIVE = 100_000
const REVOKED = 10_000
/** More than are remembered opened, so that each of them in turn has to be opened anew. */
const TOLD_APART = 10_000
const HOUR_MS = 3_600_000
const KEY = sealingKey('bench', Buffer.alloc(32, 7))
const KEYS = { current: KEY, ids: [KEY.id], find: (id: string) => (id === KEY.id ? KEY : undefined) }

function session(number: number): Session {
  return {
    id: `session-${number}`,
    agentId: 'bench',
    root: 'bench',
    task: {
      id: `task-${number}`,
      intent: 'measure what it costs',
      justificationHash: undefined,
      ticket: undefined,
      roleArn: undefined,
      scopes: [{ grants: GRANTS }],
      ancestors: [],
    },
    issuedAtMs: clock.nowMs(),
    expiresAtMs: clock.nowMs() + HOUR_MS,
  }
}

/** A proxy's way up to the signature upstream, with that many sessions alive and that many revoked. */
async function scene(live: number, revoked: number) {
  const ledger = await Ledger.open({
    store: new MemoryLedger(),
    key: Buffer.alloc(32, 3),
    clock,
    steadyClock: clock,
    timer: { after: () => () => undefined },
    pollMs: 250,
    staleMs: HOUR_MS,
    onUnsound: () => undefined,
    onUnreadable: () => undefined,
    onSettled: () => undefined,
    witness: NO_WITNESS,
    hadStore: () => false,
  })
  const sessions = new Sessions({ keys: () => KEYS, clock })
  const revocations = new Revocations({ ledger, clock, maxSessionMs: HOUR_MS })
  const credentials: Sealed[] = []
  for (let number = 0; number < live; number += 1) {
    const sealed = sessions.issue(session(number))
    sessions.open(sealed.accessKeyId, sealed.sessionToken)
    await ledger.put('task', `task-${number}`, { openedAtMs: 0 }, { expiresAtMs: clock.nowMs() + HOUR_MS })
    credentials.push(sealed)
  }
  const why = { cause: 'operator', by: 'bench', reason: 'measured' } as const
  for (let number = 0; number < revoked; number += 1)
    await revocations.revoke({ kind: 'session', id: `other-${number}` }, why)
  const owners = staticOwners([])
  const stage = await stages(agentStore(() => owners, sessions))
  const held = checkHolds({ ledger, holds: [({ agent }) => revocations.check(agent)] })
  const pass = async (request: SignedRequest): Promise<void> => {
    const head = stage.checkHead(received(request))
    const verified = passedStages(await stage.verify(stage.identify(head)))
    const judged = passedStages(held(passedStages(await stage.classify(verified))))
    const paced = await stage.pace(await stage.approve(stage.decide(judged)))
    stage.resign(await stage.consumeApproval(await stage.attachCredentials(paced)))
  }
  return { sessions, credentials, pass }
}

function signed({ accessKeyId, secretAccessKey, sessionToken }: Sealed): Promise<SignedRequest> {
  const credentials = { accessKeyId, secretAccessKey, sessionToken }
  const by = new SignatureV4({
    credentials,
    region: REGION,
    service: 'dynamodb',
    sha256: Sha256,
    applyChecksum: true,
  })
  return signedBy(by, READ)
}

export async function measureSessions(calls: number): Promise<MicroResult[]> {
  const [alone, crowded] = [await scene(1, 0), await scene(LIVE, REVOKED)]
  const requestOf = async ({ credentials: [sealed] }: typeof alone): Promise<SignedRequest> => {
    if (sealed === undefined) throw new Error('no session')
    return await signed(sealed)
  }
  const [one, among] = [await requestOf(alone), await requestOf(crowded)]
  const apart = crowded.credentials.slice(0, TOLD_APART)
  const requests = await Promise.all(apart.map((each) => signed(each)))
  let at = 0
  const next = (): number => (at = (at + 1) % TOLD_APART)
  const opening = await measure('open a sealed session token', Math.max(calls, TOLD_APART), () => {
    const { accessKeyId, sessionToken } = apart[next()] ?? { accessKeyId: '', sessionToken: '' }
    return crowded.sessions.open(accessKeyId, sessionToken)
  })
  const spread = await measure(
    `a call of one of ${TOLD_APART} sessions in turn`,
    Math.max(calls, TOLD_APART),
    () => crowded.pass(requests[next()] ?? one),
  )
  // In turn, since a shared machine is now faster and now slower; the better of each.
  const [few, many]: [MicroResult[], MicroResult[]] = [[], []]
  for (let round = 0; round < 3; round += 1) {
    few.push(await measure('a call of the only session', calls, () => alone.pass(one)))
    many.push(
      await measure(`a call among ${LIVE} sessions and ${REVOKED} revocations`, calls, () =>
        crowded.pass(among),
      ),
    )
  }
  return [opening, ...[few, many].flatMap((each) => best(each)), spread]
}

function best(results: readonly MicroResult[]): readonly MicroResult[] {
  return results.toSorted((one, other) => one.microseconds - other.microseconds).slice(0, 1)
}
