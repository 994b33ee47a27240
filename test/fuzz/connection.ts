/** One client connection of the campaign: it sends bytes and waits for what comes, for as long as a hang would take. */
import { connect, type Socket } from 'node:net'

export type Reply =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  /** The other side closed without a whole answer. */
  | { readonly kind: 'closed'; readonly text: string }
  | { readonly kind: 'hang'; readonly text: string }

/** Nothing for so long: the request is not whole for the proxy either, and the client ends its side. */
const PATIENCE_MS = 120
/** From then on the proxy must have said something, or have closed. */
const HANG_MS = 30_000

export class FuzzConnection {
  readonly #port: number
  #socket: Socket | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** `whole`: one whole request; after it the connection may be used again, and no end of ours hurries the answer. */
  send(bytes: Buffer, isHead: boolean, whole: boolean): Promise<Reply> {
    return new Promise((resolve) => {
      const socket = this.#open()
      let text = ''
      const settle = (reply: Reply): void => {
        clearTimeout(patience)
        clearTimeout(deadline)
        socket.removeAllListeners('data').removeAllListeners('close')
        if (reply.kind !== 'answer' || !whole || /\r\nconnection: close\r\n/i.test(text)) this.close()
        resolve(reply)
      }
      const patience = whole ? undefined : setTimeout(() => socket.end(), PATIENCE_MS)
      const deadline = setTimeout(() => settle({ kind: 'hang', text }), HANG_MS)
      socket.on('data', (chunk: string) => {
        text += chunk
        const status = wholeAnswer(text, isHead)
        if (status !== undefined) settle({ kind: 'answer', status, text })
      })
      socket.on('close', () => settle({ kind: 'closed', text }))
      socket.write(bytes)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Socket {
    if (this.#socket === undefined || this.#socket.destroyed || !this.#socket.writable) {
      this.#socket = connect(this.#port, '127.0.0.1').setEncoding('latin1').setNoDelay(true)
      this.#socket.on('error', () => undefined)
    }
    return this.#socket
  }
}

/** Its status, if the text begins with a whole answer. */
function wholeAnswer(text: string, isHead: boolean): number | undefined {
  const final = text.replace(/^(?:HTTP\/1\.1 1\d\d [^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n)+/, '')
  const end = final.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(final)?.[1])
  if (isHead || status === 204 || status === 304) return status
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(final.slice(0, end + 2))?.[1]
  if (length !== undefined) return final.length >= end + 4 + Number(length) ? status : undefined
  return final.endsWith('\r\n0\r\n\r\n') ? status : undefined
}
