/** Names what refused a request, throttled it, or asked people about it. */

/** The rules of one kind that did so. Their names are for people and records; metrics take only those of the configuration. */
export interface RefusedBy {
  /**
   * `pace`: names of pace rules; `approval`: of approval rules, or of the watcher that asks for people; `policy`: of the
   * policy's rules; `freeze`: ids; `window`: names of freeze windows; `quarantine`: who stopped the agent.
   */
  readonly kind: 'pace' | 'approval' | 'policy' | 'freeze' | 'window' | 'quarantine'
  readonly rules: readonly string[]
}
