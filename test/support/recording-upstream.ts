/** Runs an upstream that keeps what it receives, byte for byte, and answers as the test says. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export interface Recorded {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export type Answer = (recorded: Recorded, reply: ServerResponse) => void

export class RecordingUpstream {
  /** The requests in order of arrival, each as soon as its head is there. */
  readonly arrived: IncomingMessage[] = []
  /** The requests in order of arrival, each as soon as its whole body is there. */
  readonly recorded: Recorded[] = []
  readonly url: string
  answer: Answer
  readonly #server: Server

  private constructor(server: Server, answer: Answer) {
    this.#server = server
    this.answer = answer
    const address = server.address()
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    server.on('request', (request: IncomingMessage, reply: ServerResponse) => this.#take(request, reply))
  }

  /** `keepAliveMs`: when it closes an idle connection, 0 for never; by default when Node does. */
  static async start(answer: Answer = answerEmptyJson, keepAliveMs?: number): Promise<RecordingUpstream> {
    const server = createServer(keepAliveMs === undefined ? {} : { keepAliveTimeout: keepAliveMs }).listen(
      0,
      '127.0.0.1',
    )
    await once(server, 'listening')
    return new RecordingUpstream(server, answer)
  }

  #take(request: IncomingMessage, reply: ServerResponse): void {
    this.arrived.push(request)
    const chunks: Buffer[] = []
    request.on('error', () => undefined)
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => {
      const { method = '', url = '', headers } = request
      const recorded = { method, target: url, headers, body: Buffer.concat(chunks) }
      this.recorded.push(recorded)
      this.answer(recorded, reply)
    })
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

/** Answers `{}`, as JSON services do without a result. */
export function answerEmptyJson(_recorded: Recorded, reply: ServerResponse): void {
  reply.writeHead(200, {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': 'upstream-request',
  })
  reply.end('{}')
}

/** Never answers. */
export function stall(): void {}
