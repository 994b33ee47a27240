/** Answers plain HTTP on a port that speaks TLS, so that whoever sent it reads why. */
import type { Server, Socket } from 'node:net'
import { isPlainHttp } from './misdirected.ts'

/**
 * Has a TLS server look at the first bytes of each connection. A connection that begins with plain HTTP is given to
 * `refuse`, which must end it; any other begins its handshake with those bytes. One that stays silent is closed after
 * `waitMs`.
 */
export function refusePlainHttp(server: Server, waitMs: number, refuse: (socket: Socket) => void): void {
  // The first listener is Node's own, which begins the handshake.
  const [begin, ...others] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
  server.removeAllListeners('connection')
  for (const each of others) server.on('connection', each)
  server.on('connection', (socket: Socket) => {
    const failed = (): void => void socket.destroy()
    const late = setTimeout(failed, waitMs)
    socket.once('close', () => clearTimeout(late))
    socket.on('error', failed)
    socket.once('data', (bytes: Buffer) => {
      clearTimeout(late)
      socket.pause()
      if (isPlainHttp(bytes)) return refuse(socket)
      socket.off('error', failed)
      socket.unshift(bytes)
      begin?.call(server, socket)
    })
  })
}
