import type { Finding } from './checks/finding.ts'
import type { Config } from './schema/config.ts'

/** A configuration, checked and complete, with where it came from. */
export interface LoadedConfig {
  readonly config: Config
  readonly file: string
  /** Where each value that is not a default comes from: dotted path -> `file` or the variable's name. */
  readonly sources: ReadonlyMap<string, string>
  /** Relative paths in the configuration resolve against this. */
  readonly folder: string
}

/** Says that a configuration cannot be used: `findings` name each path, and what is allowed there. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly findings: readonly Finding[]

  constructor(file: string, findings: readonly Finding[]) {
    super(`${file}:\n${findings.map((each) => `  ${each.path || '(file)'}: ${each.message}`).join('\n')}`)
    this.findings = findings
  }
}
