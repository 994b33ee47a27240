/** Approvals in the ledger: asked for, decided by people, spent by the call that they were given for. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../core/ports.ts'
import type { Entry, Ledger } from '../state/ledger.ts'
import { Approval, objectionTo, statusOf, type PersonDecision, type Status } from './approval.ts'
import { touches } from './dependencies.ts'
import { ApprovalError, type ApprovalEvent, type CallKey, type StoredApproval } from './stored-approval.ts'
import { Demand, demandId } from './required-approvals.ts'

export interface ApprovalsDeps {
  readonly ledger: Pick<Ledger, 'all' | 'get' | 'put' | 'remove' | 'refresh' | 'onChange'>
  readonly clock: Clock
  readonly expireMs: number
  /** Undecided ones of one root identity at once; void ones count until they expire. */
  readonly pendingPerAgent: number
  readonly onEvent: (event: ApprovalEvent) => void
}

export type NewApproval = Omit<Approval, 'askedAtMs' | 'decisions' | 'used' | 'voided'>

const ID = /^[0-9a-f]{32}$/
/** What is worth more stands first. */
const ORDER: readonly Status[] = ['denied', 'approved', 'pending', 'void', 'used']
const MAX_TRIES = 20

export class Approvals {
  readonly #deps: ApprovalsDeps
  readonly #known = new Map<string, StoredApproval>()
  /** By agent; undefined: withdrawn. */
  readonly #demands = new Map<string, unknown>()
  /** One is asked for at a time, so that many at once do not each see room for one more. */
  #asking: Promise<unknown> = Promise.resolve()

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps
    for (const entry of deps.ledger.all('approval')) this.#take(entry)
    deps.ledger.onChange((entry) => this.#take(entry))
  }

  get(id: string): StoredApproval | undefined {
    const known = this.#known.get(id)
    if (known === undefined || known.expiresAtMs > this.#deps.clock.nowMs()) return known
    this.#known.delete(id)
    return undefined
  }

  /** In the order in which they were asked for. */
  all(): readonly StoredApproval[] {
    return this.#inForce().toSorted((a, b) => a.approval.askedAtMs - b.approval.askedAtMs)
  }

  /** How many wait for somebody. */
  get pending(): number {
    return this.all().filter(({ approval }) => statusOf(approval) === 'pending').length
  }

  /** Of those for this very call in its task, the one that counts: a denied before an approved before a pending one. */
  find({ agentId, taskId, digest }: CallKey, approvers: number): StoredApproval | undefined {
    const worth = ({ approval }: StoredApproval): number => ORDER.indexOf(statusOf(approval, approvers))
    return this.all()
      .filter(({ approval }) => approval.digest === digest)
      .filter(({ approval: { agent, task } }) => agent === agentId && task?.id === taskId)
      .toSorted((a, b) => worth(a) - worth(b) || b.approval.askedAtMs - a.approval.askedAtMs)[0]
  }

  /**
   * The approval for this very call that waits or was decided, or a new one; undefined if there is no room for one.
   * Rejects if the store cannot be reached.
   */
  async ask(wanted: NewApproval): Promise<StoredApproval | undefined> {
    // Who asks again and again costs the store nothing.
    const standing = this.#standing(wanted)
    if (standing !== undefined && standing.approval.approvers >= wanted.approvers) return standing
    if (standing === undefined && !this.#hasRoom(wanted.root)) return undefined
    const asked = this.#asking.then(() => this.#ask(wanted))
    this.#asking = asked.catch(() => {})
    return asked
  }

  async #ask(wanted: NewApproval): Promise<StoredApproval | undefined> {
    const { ledger, clock, expireMs, onEvent } = this.#deps
    // Another replica may have been asked the same a moment ago.
    await ledger.refresh()
    const standing = this.#standing(wanted)
    if (standing !== undefined) return this.#raised(standing, wanted)
    if (!this.#hasRoom(wanted.root)) return undefined
    const id = randomBytes(16).toString('hex')
    const nowMs = clock.nowMs()
    const approval: Approval = { ...wanted, askedAtMs: nowMs, decisions: [], used: 0 }
    await ledger.put('approval', id, approval, { expiresAtMs: nowMs + expireMs, expected: 0 })
    const known = this.get(id)
    if (known !== undefined) onEvent({ kind: 'asked', known })
    return known
  }

  /** The one for this call that waits or was decided, and was not used up or voided. */
  #standing({ agent: agentId, task, digest, approvers }: NewApproval): StoredApproval | undefined {
    const found = this.find({ agentId, taskId: task?.id, digest }, approvers)
    const status = found && statusOf(found.approval, approvers)
    return status === 'used' || status === 'void' ? undefined : found
  }

  #hasRoom(root: string): boolean {
    const undecided = this.#inForce().filter(
      ({ approval }) => approval.root === root && approval.decisions.length === 0,
    )
    return undecided.length < this.#deps.pendingPerAgent
  }

  /** Policy may ask for more people than it did. */
  async #raised(found: StoredApproval, { approvers, why }: NewApproval): Promise<StoredApproval | undefined> {
    if (found.approval.approvers >= approvers) return found
    return this.#update(found.id, (approval) => ({ ...approval, approvers, why }))
  }

  /** Throws ApprovalError if there is none in force, or this person may not decide it so. */
  async decide(id: string, given: Omit<PersonDecision, 'atMs'>): Promise<StoredApproval> {
    const nowMs = this.#deps.clock.nowMs()
    const decision = { ...given, atMs: nowMs }
    const decided = (approval: Approval): Approval => {
      const objection = objectionTo(approval, decision)
      if (objection !== undefined) throw new ApprovalError(objection)
      return { ...approval, decisions: [...approval.decisions, decision] }
    }
    const known = await this.#update(id, decided, nowMs + this.#deps.expireMs)
    if (known === undefined)
      throw new ApprovalError({ error: 'not_found', message: 'No approval of this id is in force.' })
    this.#deps.onEvent({ kind: 'decided', known, decision })
    return known
  }

  /** Takes one use, if there is one, of everybody who asks at once on every replica; false: somebody else has it. */
  async spend(id: string, { agentId, taskId, digest }: CallKey, approvers: number): Promise<boolean> {
    const spent = await this.#update(id, (approval) => {
      if (approval.agent !== agentId || approval.task?.id !== taskId || approval.digest !== digest)
        return undefined
      if (statusOf(approval, approvers) !== 'approved') return undefined
      return { ...approval, used: approval.used + 1 }
    })
    return spent !== undefined
  }

  /** Voids what depends on something that a change may reach; `digest` is that of the change itself. */
  async voidTouched(
    change: { readonly service: string; readonly resources: readonly string[] },
    why: string,
    digest?: string,
  ): Promise<void> {
    for (const { id, approval } of this.#inForce()) {
      if (!isOpen(approval) || approval.digest === digest) continue
      if (!touches(change, approval.dependsOn, approval.facts.service)) continue
      const voided = { atMs: this.#deps.clock.nowMs(), why }
      const known = await this.#update(id, (each) => (isOpen(each) ? { ...each, voided } : undefined))
      if (known !== undefined) this.#deps.onEvent({ kind: 'voided', known })
    }
  }

  /** Wants people to approve every change that an agent makes until then, whatever policy says. */
  async demand(demand: Demand, untilMs: number): Promise<void> {
    await this.#deps.ledger.put('approval', demandId(demand.agent), demand, { expiresAtMs: untilMs })
  }

  async withdrawDemand(agentId: string): Promise<void> {
    await this.#deps.ledger.remove('approval', demandId(agentId))
  }

  demands(): readonly Demand[] {
    return [...this.#demands.keys()].flatMap((agentId) => this.demandOn(agentId) ?? [])
  }

  /** Whether nobody has taken it before, on any replica. */
  async takeNonce(nonce: string, forMs: number): Promise<boolean> {
    const expiresAtMs = this.#deps.clock.nowMs() + forMs
    return (
      (await this.#deps.ledger.put('approval', `nonce:${nonce}`, 1, { expiresAtMs, expected: 0 })) !==
      undefined
    )
  }

  demandOn(agentId: string): Demand | undefined {
    if (this.#demands.get(agentId) === undefined) return undefined
    const entry = this.#deps.ledger.get('approval', demandId(agentId))
    return entry === undefined ? undefined : Demand.parse(entry.value)
  }

  #inForce(): StoredApproval[] {
    return [...this.#known.keys()].flatMap((id) => this.get(id) ?? [])
  }

  /** Writes what `change` makes of the newest form; undefined if that is nothing, or there is no such approval. */
  async #update(
    id: string,
    change: (approval: Approval) => Approval | undefined,
    approvedUntilMs?: number,
  ): Promise<StoredApproval | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const known = this.get(id)
      const next = known && change(known.approval)
      if (known === undefined || next === undefined) return undefined
      const isGiven = approvedUntilMs !== undefined && statusOf(next) === 'approved'
      const expiresAtMs = isGiven ? approvedUntilMs : known.expiresAtMs
      const expected = known.revision
      if ((await this.#deps.ledger.put('approval', id, next, { expiresAtMs, expected })) !== undefined)
        return this.get(id)
    }
    throw new Error(`approval ${id} changed under every one of ${MAX_TRIES} tries`)
  }

  #take({ id, value, revision, expiresAtMs }: Entry): void {
    if (ID.test(id)) {
      // What another version wrote and this one cannot read approves nothing.
      const read = Approval.safeParse(value)
      if (!read.success) this.#known.delete(id)
      else this.#known.set(id, { id, approval: read.data, revision, expiresAtMs: expiresAtMs ?? Infinity })
    } else if (id.startsWith(demandId(''))) {
      this.#demands.set(id.slice(demandId('').length), value)
    }
  }
}

/** Whether a change of what it depends on matters to it. */
function isOpen(approval: Approval): boolean {
  const status = statusOf(approval)
  return approval.dependsOn.length > 0 && (status === 'pending' || status === 'approved')
}
