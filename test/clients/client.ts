/** Declares a client that is measured, and runs its steps. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BUILDER } from '../support/agents.ts'
import { awsEnvironment } from '../support/python.ts'
import type { Step } from '../support/toolchains.ts'

const execute = promisify(execFile)
const STEP_WITHIN_MS = 120_000

/** A client as it is installed on this machine. */
export interface Installed {
  readonly version: string
  /** Calls AWS at the endpoint; resolves with what became of each step, in order. */
  readonly steps: (endpoint: string) => Promise<readonly Step[]>
}

export interface Client {
  readonly name: string
  /** Resolves with the client; undefined, with a warning, if it is not on this machine. */
  readonly install: () => Promise<Installed | undefined>
}

/** Returns the environment of a client: the endpoint, and the agent's key. */
export function environment(endpoint: string): Record<string, string> {
  return { ...awsEnvironment(endpoint, BUILDER), AWS_REGION: 'us-east-1' }
}

/** A command of a tool, with the name of the step. `expects` is a text that its output must have. */
export interface Command {
  readonly step: string
  readonly args: readonly string[]
  readonly expects?: string
}

/** Runs the commands of a tool one by one, in a folder. */
export async function runCommands(
  tool: string,
  commands: readonly Command[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<readonly Step[]> {
  const done: Step[] = []
  for (const { step, args, expects = '' } of commands) {
    try {
      const { stdout } = await execute(tool, args, {
        ...options,
        timeout: STEP_WITHIN_MS,
        maxBuffer: 2 ** 26,
      })
      done.push(
        stdout.includes(expects) ? { step, ok: true } : { step, ok: false, message: stdout.slice(0, 2000) },
      )
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
      done.push({ step, ok: false, message: `${stdout}${stderr}`.trim() })
    }
  }
  return done
}

/** Returns what the first group of the pattern matches in a command's output. */
export async function versionOf(tool: string, args: readonly string[], pattern: RegExp): Promise<string> {
  const { stdout, stderr } = await execute(tool, args)
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown'
}

/** Returns the version of a package of npm in a folder. */
export function packageVersion(folder: string, name: string): string {
  const text = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

/** Returns what the pattern matches in a file. */
export function versionIn(file: string, pattern: RegExp): string {
  return pattern.exec(readFileSync(file, 'utf8'))?.[1] ?? 'unknown'
}
