/** Runs a command with this process's streams and signals, and returns its exit code. */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Variables } from './child-environment.ts'
import type { User } from './separation.ts'

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const

/** Catches the signals of this process and keeps the first until there is a command to forward it to. */
export class Signals {
  #kept: NodeJS.Signals | undefined
  #to: ((signal: NodeJS.Signals) => void) | undefined
  readonly #listeners = PASSED_ON.map((signal) => [signal, () => this.#arrived(signal)] as const)

  constructor() {
    for (const [signal, listener] of this.#listeners) process.on(signal, listener)
  }

  /** Returns the first signal that came before there was a command. */
  get kept(): NodeJS.Signals | undefined {
    return this.#kept
  }

  passTo(to: (signal: NodeJS.Signals) => void): void {
    this.#to = to
    if (this.#kept !== undefined) to(this.#kept)
  }

  release(): void {
    for (const [signal, listener] of this.#listeners) process.off(signal, listener)
  }

  #arrived(signal: NodeJS.Signals): void {
    if (this.#to === undefined) this.#kept ??= signal
    // A terminal sends SIGINT to the command itself.
    else if (signal !== 'SIGINT' || !process.stdin.isTTY) this.#to(signal)
  }
}

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Variables
  readonly user: User | undefined
}

/**
 * Resolves with the command's exit code, as shells define it: 128 plus the signal's number if a signal ended it, 127 if
 * there is no such command, and 126 if it cannot be run.
 */
export function runCommand(
  { command, args, env, user }: Command,
  signals: Signals,
): Promise<{ readonly code: number; readonly problem?: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { stdio: 'inherit', env, ...user })
    signals.passTo((signal) => child.kill(signal))
    child.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ code: error.code === 'ENOENT' ? 127 : 126, problem: error.message })
    })
    child.once('exit', (code, signal) => resolve({ code: code ?? exitCodeOf(signal) }))
  })
}

/** Returns the exit code of a process that a signal ended: 128 plus its number. */
export function exitCodeOf(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : constants.signals[signal])
}
