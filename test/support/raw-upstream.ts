/** Runs an upstream that answers with bytes of the test's own, on sockets that the test ends as it likes. */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'

/** A request as it came, one character for each byte. It may come in several pieces, each with all that came before. */
export interface RawArrival {
  readonly socket: Socket
  /** The text since the last answer on this connection. */
  readonly text: string
  /** The number of the connection, from 1, and of the request on it, from 1. */
  readonly connection: number
  readonly request: number
}

/** Returns true once it has answered, so that what comes next on the connection is another request. */
export type RawAnswering = (arrival: RawArrival) => boolean

/** Answers what has a whole head, as if no body came; `text` is Latin-1. */
export function answering(answer: (arrival: RawArrival) => string): RawAnswering {
  return (arrival) => {
    if (!arrival.text.includes('\r\n\r\n')) return false
    arrival.socket.write(answer(arrival), 'latin1')
    return true
  }
}

export class RawUpstream {
  readonly url: string
  /** The connections, in order. */
  readonly sockets: Socket[] = []
  /** The first line of each request that was answered. */
  readonly answered: string[] = []
  answer: RawAnswering
  readonly #server: Server

  private constructor(server: Server, answer: RawAnswering) {
    this.#server = server
    this.answer = answer
    const address = server.address()
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    server.on('connection', (socket: Socket) => this.#take(socket))
  }

  static async start(answer: RawAnswering): Promise<RawUpstream> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new RawUpstream(server, answer)
  }

  #take(socket: Socket): void {
    const connection = this.sockets.push(socket)
    let [text, request] = ['', 1]
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more
      if (!this.answer({ socket, text, connection, request })) return
      this.answered.push(text.slice(0, text.indexOf('\r\n')))
      text = ''
      request += 1
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
