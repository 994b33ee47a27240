/** Defines the metrics of rules: which of them held, throttled, asked or refused, or would have. */
import { Counter, type Registry } from 'prom-client'

/** Lists what a rule may have done to a call. */
export type RuleDeed = 'hold' | 'throttle' | 'ask' | 'override'
/** Lists the kinds of rules that refuse calls. */
export type RefusingKind = 'policy' | 'freeze' | 'window' | 'quarantine'

/** The names of the rules of a configuration. */
export interface RuleNames {
  readonly pace: readonly string[]
  /** Of approval rules, for calls and for tasks. */
  readonly approvals: readonly string[]
  readonly windows: readonly string[]
  readonly overrides: readonly string[]
  /** The names with which watchers ask for people, and quarantine agents. */
  readonly watchers: readonly string[]
}

/** Records the metrics of rules. */
export interface RuleMetrics {
  /** Begins the series of these rules at 0. Only names that were given here, ever, become labels. */
  rulesInForce(names: RuleNames): void
  /** Counts what a rule did to a call. */
  rule(deed: RuleDeed, name: string): void
  /** Counts a call that was refused. */
  ruleDenied(kind: RefusingKind, name: string): void
  /** Counts what a rule would have done to a call that was let through. */
  ruleWould(would: 'deny' | 'ask' | 'hold' | 'throttle', name: string): void
}

/** Stands for a person, whose name is no label. */
const OPERATOR = 'operator'
const OTHER = 'other'
/** The policy bundle makes up the names of its rules. If it makes them of what a call says, agents choose them. */
const MOST_POLICY_RULES = 100

/** Registers the metrics. */
export function ruleMetrics(registry: Registry): RuleMetrics {
  const deeds = deedCounters(registry)
  const denials = new Counter({
    name: 'moderato_rule_denials_total',
    help: 'Calls that policy rules, freezes, freeze windows and quarantines refused; `operator` for persons.',
    labelNames: ['kind', 'rule'],
    registers: [registry],
  })
  const would = new Counter({
    name: 'moderato_rule_would_total',
    help: 'What rules would have done to calls that observe mode, or a rule that observes, let through.',
    labelNames: ['rule', 'would'],
    registers: [registry],
  })
  const known = new KnownNames()
  return {
    rulesInForce(names) {
      known.add(names)
      for (const deed of DEEDS) for (const rule of known.of(deed)) deeds[deed].inc({ rule }, 0)
      for (const rule of known.of('window')) denials.inc({ kind: 'window', rule }, 0)
      for (const rule of [...names.watchers, OPERATOR]) denials.inc({ kind: 'quarantine', rule }, 0)
      denials.inc({ kind: 'freeze', rule: OPERATOR }, 0)
      for (const rule of names.pace)
        for (const each of ['hold', 'throttle']) would.inc({ rule, would: each }, 0)
      for (const rule of names.approvals) would.inc({ rule, would: 'ask' }, 0)
    },
    rule: (deed, name) => deeds[deed].inc({ rule: known.label(deed, name) }),
    ruleDenied: (kind, name) => denials.inc({ kind, rule: known.label(kind, name) }),
    ruleWould: (what, name) => would.inc({ rule: known.label(WOULD_BY[what], name), would: what }),
  }
}

const DEEDS: readonly RuleDeed[] = ['hold', 'throttle', 'ask', 'override']
const WOULD_BY = { deny: 'policy', ask: 'ask', hold: 'hold', throttle: 'throttle' } as const

function deedCounters(registry: Registry): Readonly<Record<RuleDeed, Counter<'rule'>>> {
  const counter = (name: string, help: string): Counter<'rule'> =>
    new Counter({ name, help, labelNames: ['rule'], registers: [registry] })
  return {
    throttle: counter(
      'moderato_rule_throttles_total',
      'Calls that a pace rule throttled, or refused for good.',
    ),
    hold: counter('moderato_rule_holds_total', 'Calls that a pace rule held until their turn.'),
    ask: counter(
      'moderato_rule_asks_total',
      'Calls and tasks that were refused, as a rule asks people first.',
    ),
    override: counter(
      'moderato_override_calls_total',
      "Calls whose classes the operators' rules changed: catalogue.overrides, catalogue.guardedTags.",
    ),
  }
}

/** Makes labels of names. A name that no configuration has becomes `operator` or `other`. */
class KnownNames {
  readonly #names: Readonly<Record<RuleDeed | RefusingKind, Set<string>>>

  constructor() {
    const pace = new Set<string>()
    this.#names = {
      hold: pace,
      throttle: pace,
      ask: new Set(),
      override: new Set(),
      policy: new Set(),
      freeze: new Set(),
      window: new Set(),
      quarantine: new Set(),
    }
  }

  add({ pace, approvals, windows, overrides, watchers }: RuleNames): void {
    for (const each of pace) this.#names.hold.add(each)
    for (const each of [...approvals, ...watchers, OPERATOR]) this.#names.ask.add(each)
    for (const each of windows) this.#names.window.add(each)
    for (const each of overrides) this.#names.override.add(each)
    for (const each of watchers) this.#names.quarantine.add(each)
  }

  of(kind: RuleDeed | RefusingKind): ReadonlySet<string> {
    return this.#names[kind]
  }

  label(kind: RuleDeed | RefusingKind, name: string): string {
    const names = this.#names[kind]
    if (names.has(name)) return name
    if (kind === 'freeze' || kind === 'quarantine') return OPERATOR
    if (!isPolicyRule(kind, name)) return kind === 'ask' ? OPERATOR : OTHER
    if (names.size >= MOST_POLICY_RULES) return OTHER
    names.add(name)
    return name
  }
}

/** Tells whether the bundle named the rule: one that refuses, or one of its own that asks. */
function isPolicyRule(kind: RuleDeed | RefusingKind, name: string): boolean {
  return kind === 'policy' || (kind === 'ask' && name.endsWith('.ask'))
}
