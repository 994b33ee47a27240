/** Bare pass-through by undici's dispatcher on node:http: what a proxy of this build costs before it does anything. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool, type Dispatcher } from 'undici'

const pool = new Pool(process.argv[2] ?? '', { connections: 128, pipelining: 1 })

class Relay implements Dispatcher.DispatchHandler {
  readonly #reply: ServerResponse

  constructor(reply: ServerResponse) {
    this.#reply = reply
  }

  onRequestStart(): void {}

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    message?: string,
  ): void {
    const raw = (controller.rawHeaders ?? []) as readonly (Buffer | string)[]
    const kept: string[] = []
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = String(raw[i])
      if (name.toLowerCase() !== 'connection') kept.push(name, String(raw[i + 1]))
    }
    this.#reply.sendDate = false
    this.#reply.writeHead(status, message ?? '', kept)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#reply.write(chunk)) return
    controller.pause()
    this.#reply.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#reply.end()
  }

  onResponseError(): void {
    this.#reply.destroy()
  }
}

const server = createServer((request, reply) => {
  const headers: string[] = []
  const { rawHeaders } = request
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.toLowerCase() !== 'connection') headers.push(name, rawHeaders[i + 1] as string)
  }
  pool.dispatch(
    { path: request.url ?? '/', method: request.method as Dispatcher.HttpMethod, headers, body: request },
    new Relay(reply),
  )
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ listening: { agents: `http://127.0.0.1:${port}` } })}\n`)
})
