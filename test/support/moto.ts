/** The AWS emulator behind the proxy: one for each worker of the run, emptied for each file. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { inject } from 'vitest'
import type { TestProject } from 'vitest/node'
import { endingWithParent } from './children.ts'
import { hasTool, MOTO } from './tools.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers `/N` with the URL of worker N's emulator, which it starts at the first request. */
    emulators: string
  }
}

const STARTS_WITHIN_MS = 45_000

/** Serves emulators to the workers of a run (vitest's globalSetup), and returns what ends them. */
export default async function setup(project: TestProject): Promise<() => void> {
  const servers: ChildProcess[] = []
  const urls = new Map<string, Promise<string>>()
  const desk = createServer((request, response) => {
    const worker = request.url ?? ''
    let url = urls.get(worker)
    if (url === undefined) urls.set(worker, (url = startMoto((server) => servers.push(server))))
    url.then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  await once(desk.listen(0, '127.0.0.1'), 'listening')
  project.provide('emulators', `http://127.0.0.1:${(desk.address() as AddressInfo).port}`)
  const end = (): void => {
    // The whole group: the command may be a shim around the server.
    for (const { pid, exitCode } of servers.splice(0))
      if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL')
  }
  // A run that breaks off leaves no server behind either.
  process.once('exit', end)
  return () => {
    process.off('exit', end)
    end()
    desk.close()
    desk.closeAllConnections()
  }
}

/** Empties the emulator of this worker, and returns its URL. */
export async function freshMoto(): Promise<string> {
  const answer = await fetch(`${inject('emulators')}/${process.env['VITEST_POOL_ID'] ?? ''}`)
  const url = await answer.text()
  if (!answer.ok) throw new Error(url)
  const reset = await fetch(`${url}/moto-api/reset`, { method: 'POST' })
  if (!reset.ok) throw new Error(`moto answered its reset with ${reset.status}`)
  return url
}

/** Starts an emulator; resolves with its URL, once it listens on a port of its own choice. */
export async function startMoto(started: (server: ChildProcess) => void): Promise<string> {
  if (!hasTool(MOTO.command, MOTO.args)) throw new Error('moto_server is not on this machine')
  const server = spawn(...endingWithParent(MOTO.command, ['-H', '127.0.0.1', '-p', '0']), {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  started(server)
  const lines = createInterface({ input: server.stderr })
  const late = setTimeout(() => lines.close(), STARTS_WITHIN_MS)
  let said = ''
  for await (const line of lines) {
    said += `${line}\n`
    const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
    if (url === undefined) continue
    clearTimeout(late)
    // It logs every request: nobody reads that, and it must not wait for a reader.
    server.stderr.resume()
    return url
  }
  clearTimeout(late)
  throw new Error(`moto_server did not start:\n${said}`)
}
