/** Runs `moderato run` and similar verbs as a person does. */
import { spawn, type ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { BUILDER, type TestAgent } from './agents.ts'
import type { Ran } from './moderato.ts'
import type { Proxy } from './proxy.ts'

const MAIN = resolve(import.meta.dirname, '../../proxy/main.ts')

/** Returns the environment with a static key, the simplest identity. */
export function keyEnvironment(proxy: Proxy, agent: TestAgent = BUILDER): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '',
    MODERATO_PROXY: proxy.url,
    MODERATO_ACCESS_KEY_ID: agent.accessKeyId,
    MODERATO_SECRET_ACCESS_KEY: agent.secretAccessKey,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
  }
}

export interface Running {
  readonly child: ChildProcess
  /** Returns the output so far. */
  readonly out: () => string
  readonly ended: Promise<Ran>
}

export function start(args: readonly string[], env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Ran>((done) => child.once('close', (code) => done({ code, out, err })))
  return { child, out: () => out, ended }
}

/** Runs a verb to its end. */
export function ran(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return start(args, env).ended
}
