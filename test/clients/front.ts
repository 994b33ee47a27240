/** Runs the emulator with a front that throttles, as AWS does now and then: the emulator alone never throttles. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createProxyServer } from 'http-proxy-3'
import { startMoto } from '../support/moto.ts'

/** Two refusals: the third attempt goes through, which is the last that most clients make. */
const THROTTLED_TIMES = 2

export interface Front {
  readonly url: string
  /**
   * Empties the emulator, and throttles from the beginning. `refusedKey`: from now on calls signed with this key are
   * refused, since they went past Moderato, which signs with its own.
   */
  reset(refusedKey?: string): Promise<void>
  stop(): void
}

/** Starts both. `UpdateItem`, and every GET of an object called `slow`, are throttled twice, then answered. */
export async function startFront(): Promise<Front> {
  const servers: ChildProcess[] = []
  const moto = await startMoto((server) => servers.push(server))
  const refusals = new Map<string, number>()
  const isThrottled = (what: string): boolean => {
    const before = refusals.get(what) ?? 0
    refusals.set(what, before + 1)
    return before % (THROTTLED_TIMES + 1) < THROTTLED_TIMES
  }
  const pass = createProxyServer({ target: moto })
  pass.on('error', (_error, _request, reply) => reply.destroy())
  let refused: string | undefined
  const server = createServer((request, reply) => {
    const { method, url = '', headers } = request
    if (refused !== undefined && `${headers.authorization} ${url}`.includes(refused)) {
      request.resume()
      return answerPast(reply, headers['x-amz-target'] !== undefined)
    }
    if (headers['x-amz-target'] === 'DynamoDB_20120810.UpdateItem' && isThrottled('item')) {
      request.resume()
      return throttleJson(reply)
    }
    if (method === 'GET' && /\/slow(?:\?|$)/.test(url) && isThrottled('object')) return throttleXml(reply)
    pass.web(request, reply)
    return undefined
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async reset(refusedKey) {
      refused = refusedKey
      refusals.clear()
      await fetch(`${moto}/moto-api/reset`, { method: 'POST' })
    },
    stop() {
      server.close()
      server.closeAllConnections()
      // The whole group: the command may be a shim around the server.
      for (const { pid } of servers) if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    },
  }
}

function answerPast(reply: ServerResponse, isJson: boolean): void {
  const code = 'WentPastModerato'
  reply.writeHead(403, { 'content-type': isJson ? 'application/x-amz-json-1.0' : 'application/xml' })
  reply.end(isJson ? JSON.stringify({ __type: code, message: code }) : `<Error><Code>${code}</Code></Error>`)
}

function throttleJson(reply: ServerResponse): void {
  reply.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
  reply.end(
    JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException',
      message: 'Rate exceeded',
    }),
  )
}

function throttleXml(reply: ServerResponse): void {
  reply.writeHead(503, { 'content-type': 'application/xml' })
  reply.end('<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>')
}
