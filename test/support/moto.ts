/** Runs the AWS emulator behind the proxy: one for the whole run, emptied between files. */
import { spawn, type ChildProcess } from 'node:child_process'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { freePort } from './free-port.ts'
import { hasTool, MOTO } from './tools.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Empty if moto is not installed. */
    motoUrl: string
  }
}

const STARTS_WITHIN_MS = 45_000

/** Starts moto_server for a run (vitest's globalSetup), and returns what ends it. */
export default async function setup(project: TestProject): Promise<() => void> {
  if (!hasTool(MOTO.command, MOTO.args)) {
    project.provide('motoUrl', '')
    return () => undefined
  }
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = spawn(MOTO.command, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
    detached: true,
  })
  const end = (): void => {
    // The whole group: the command may be a shim around the server.
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGKILL')
  }
  // A run that breaks off leaves no server behind either.
  process.once('exit', end)
  await answers(`${url}/moto-api/`, server)
  project.provide('motoUrl', url)
  return () => {
    process.off('exit', end)
    end()
  }
}

/** Empties the emulator, and returns its URL. */
export async function freshMoto(): Promise<string> {
  const url = inject('motoUrl')
  const answer = await fetch(`${url}/moto-api/reset`, { method: 'POST' })
  if (!answer.ok) throw new Error(`moto answered its reset with ${answer.status}`)
  return url
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + STARTS_WITHIN_MS
  for (;;) {
    if (server.exitCode !== null) throw new Error(`moto_server ended with ${server.exitCode}`)
    if (performance.now() > deadlineMs) throw new Error('moto_server did not start')
    const up = await fetch(url).then(
      () => true,
      () => false,
    )
    if (up) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
