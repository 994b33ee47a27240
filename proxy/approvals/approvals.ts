/** Keeps approvals in the ledger: agents ask for them, people decide them, and the call that one was given for uses it. */
import { randomBytes } from 'node:crypto'
import { LAST_MOMENT_MS } from '../core/moment.ts'
import type { Clock } from '../core/ports.ts'
import { z } from 'zod'
import type { Ledger } from '../state/ledger.ts'
import { StoreFailure } from '../state/store-failure.ts'
import type { Row, Table, UnreadableEntry } from '../state/table.ts'
import { Approval, objectionTo, statusOf, type PersonDecision, type Status } from './approval.ts'
import { touches } from './dependencies.ts'
import { ApprovalError, type ApprovalEvent, type CallKey, type StoredApproval } from './stored-approval.ts'
import { spent, unspent } from './uses.ts'
import { demandOf, demands, type Demand, type KnownDemand } from './required-approvals.ts'

export interface ApprovalsDeps {
  readonly ledger: Pick<Ledger, 'table' | 'refresh'>
  readonly clock: Clock
  readonly expireMs: number
  /** The most undecided ones of one root identity at once; void ones count until they expire. */
  readonly pendingPerAgent: number
  readonly onEvent: (event: ApprovalEvent) => void
}

export type NewApproval = Omit<Approval, 'askedAtMs' | 'decisions' | 'used' | 'voided'>

const ID = /^[0-9a-f]{32}$/
/** The one that is worth more stands first. */
const ORDER: readonly Status[] = ['denied', 'approved', 'pending', 'void', 'used']
const MAX_TRIES = 20

export class Approvals {
  readonly #deps: ApprovalsDeps
  readonly #table: Table<Approval>
  readonly #known = new Map<string, StoredApproval>()
  readonly #demands: Table<Demand>
  readonly #nonces: Table<1>
  /** One is asked for at a time, so that many at once do not each see room for one more. */
  #asking: Promise<unknown> = Promise.resolve()

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps
    const { ledger } = deps
    // One that cannot be read approves nothing. The agent asks for another, and people decide that.
    this.#table = ledger.table('approval', Approval, () => undefined, { form: ID })
    this.#demands = demands(ledger)
    // A nonce is taken by its name alone.
    this.#nonces = ledger.table('approval', z.literal(1), () => 1, { prefix: 'nonce:' })
    for (const row of this.#table.all()) this.#take(row.id, row)
    this.#table.onChange((id, row) => this.#take(id, row))
  }

  /** Returns the approval of this id, if it is in force. */
  get(id: string): StoredApproval | undefined {
    const known = this.#known.get(id)
    if (known === undefined || known.expiresAtMs > this.#deps.clock.nowMs()) return known
    this.#known.delete(id)
    return undefined
  }

  /** Returns all in force, in the order in which they were asked for. */
  all(): readonly StoredApproval[] {
    return this.#inForce().toSorted((a, b) => a.approval.askedAtMs - b.approval.askedAtMs)
  }

  /** Returns those that another version wrote and this one cannot read: nothing goes on because of them. */
  unreadable(): UnreadableEntry[] {
    return this.#table.unreadable()
  }

  /** Counts those that wait for somebody. */
  get pending(): number {
    return this.all().filter(({ approval }) => statusOf(approval) === 'pending').length
  }

  /** Returns, of those for this very call in its task, the one that counts: a denied before an approved before a pending one. */
  find({ agentId, taskId, digest }: CallKey, approvers: number): StoredApproval | undefined {
    const worth = ({ approval }: StoredApproval): number => ORDER.indexOf(statusOf(approval, approvers))
    return this.all()
      .filter(({ approval }) => approval.digest === digest)
      .filter(({ approval: { agent, task } }) => agent === agentId && task?.id === taskId)
      .toSorted((a, b) => worth(a) - worth(b) || b.approval.askedAtMs - a.approval.askedAtMs)[0]
  }

  /**
   * Returns the approval for this very call that waits or was decided, or a new one; undefined if there is no room for one.
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
    // Never taken: an id is 128 random bits (rule S18).
    await this.#table.put(id, approval, { expiresAtMs: nowMs + expireMs })
    const known = this.get(id)
    if (known !== undefined) onEvent({ kind: 'asked', known })
    return known
  }

  /** Returns the one for this call that waits or was decided, and was not used up or voided. */
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

  /** Decides for a person. Throws ApprovalError if there is none in force, or this person may not decide it so. */
  async decide(id: string, given: Omit<PersonDecision, 'atMs'>): Promise<StoredApproval> {
    const nowMs = this.#deps.clock.nowMs()
    const decision = { ...given, atMs: nowMs }
    const decided = (approval: Approval): Approval => {
      const objection = objectionTo(approval, decision)
      if (objection !== undefined) throw new ApprovalError(objection)
      return { ...approval, decisions: [...approval.decisions, decision] }
    }
    const known = await this.#update(id, decided, nowMs + this.#deps.expireMs)
    if (known === undefined) throw this.absent(id)
    this.#deps.onEvent({ kind: 'decided', known, decision })
    return known
  }

  /** Says why there is no approval of this id. */
  absent(id: string): ApprovalError {
    if (!this.unreadable().some((each) => each.id === id))
      return new ApprovalError({ error: 'not_found', message: 'No approval of this id is in force.' })
    return new ApprovalError({
      error: 'unreadable',
      message:
        'Another version of Moderato wrote this approval, and this one cannot read it. Decide it there, or have the agent ask again.',
    })
  }

  /** Takes one use, if there is one, of everybody who asks at once on every replica; false: somebody else has it. */
  async spend(id: string, key: CallKey, approvers: number): Promise<boolean> {
    return (await this.#update(id, (approval) => spent(approval, key, approvers))) !== undefined
  }

  /** Gives back a use that the service did not take up; false: it stays used (`unspent`). */
  async giveBack(id: string, key: CallKey): Promise<boolean> {
    return (await this.#update(id, (approval) => unspent(approval, key))) !== undefined
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
    await this.#demands.put(demand.agent, demand, { expiresAtMs: untilMs })
  }

  /** Ends a demand. */
  async withdrawDemand(agentId: string): Promise<void> {
    await this.#demands.remove(agentId)
  }

  /** Returns all demands in force. */
  demands(): readonly KnownDemand[] {
    return this.#demands.all().map(demandOf)
  }

  /** Returns the demand on an agent, if one is in force. */
  demandOn(agentId: string): KnownDemand | undefined {
    const row = this.#demands.get(agentId)
    return row === undefined ? undefined : demandOf(row)
  }

  /** Takes a nonce; false: somebody has taken it before, on whatever replica. */
  async takeNonce(nonce: string, forMs: number): Promise<boolean> {
    const expiresAtMs = this.#deps.clock.nowMs() + forMs
    return (await this.#nonces.replace(nonce, 1, { expiresAtMs, expected: 0 })) !== undefined
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
      if ((await this.#table.replace(id, next, { expiresAtMs, expected })) !== undefined) return this.get(id)
    }
    throw new StoreFailure(`approval ${id} changed under every one of ${MAX_TRIES} tries`)
  }

  #take(id: string, row: Row<Approval> | undefined): void {
    if (row === undefined) {
      this.#known.delete(id)
      return
    }
    const { value: approval, revision, expiresAtMs = LAST_MOMENT_MS } = row
    this.#known.set(id, { id, approval, revision, expiresAtMs })
  }
}

/** Tells whether a change of what it depends on matters to it. */
function isOpen(approval: Approval): boolean {
  const status = statusOf(approval)
  return approval.dependsOn.length > 0 && (status === 'pending' || status === 'approved')
}
