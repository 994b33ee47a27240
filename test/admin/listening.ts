/** An admin listener of its own, on a free port, asked byte for byte. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { adminHosts } from '../../proxy/admin/bind.ts'
import { callers } from '../../proxy/operators/callers.ts'
import { adminRoute } from '../../proxy/admin/route.ts'
import { createAdmin, type AdminOptions, type Readiness } from '../../proxy/admin/server.ts'
import type { AuditRecord } from '../../proxy/audit/record.ts'

export const TOKEN = 't'.repeat(43)
export const bearer = { authorization: `Bearer ${TOKEN}` }
export const READY: Readiness = { ready: true, state: 'serving', mode: 'enforce' }

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly path: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
}

export const POLICY = adminRoute({
  method: 'GET',
  path: '/v1/policy',
  needs: 'token',
  summary: 'The policy in force.',
  answer: z.object({ engine: z.string() }),
  handle: () => ({ engine: 'opa-wasm', revision: 'abc', mode: 'enforce' }),
})

export async function listening(options: Partial<AdminOptions> = {}) {
  const hosts = new Set<string>()
  const bugs: unknown[] = []
  const records: AuditRecord[] = []
  const server = createAdmin({
    metrics: {
      text: () => Promise.resolve('moderato_requests_total 1\n'),
      contentType: 'text/plain; version=0.0.4',
    },
    ready: () => READY,
    callerOf: callers(TOKEN, []),
    allowedHosts: hosts,
    metricsOpen: true,
    routes: [POLICY],
    audit: {
      append: (record) => records.push(record),
      commit: (record) => Promise.resolve(void records.push(record)),
    },
    bug: (error) => bugs.push(error),
    ...options,
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  for (const host of adminHosts('127.0.0.1', port)) hosts.add(host)
  const ask = (what: Ask): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { body, ...head } = what
      const call = request({ host: '127.0.0.1', port, agent: false, ...head }, (answer) => {
        const chunks: Buffer[] = []
        answer
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => {
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: Buffer.concat(chunks).toString(),
            })
          })
      })
      call.on('error', reject).end(body)
    })
  return { ask, port, bugs, records }
}
