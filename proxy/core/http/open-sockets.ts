/** The connections of a server, all of them. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * The server, with a `closeAllConnections` that closes all connections: Node's own leaves those of HTTP/2, and those whose
 * TLS handshake is not over.
 */
export function closingAll<Served extends Server>(server: Served): Served {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return Object.assign(server, {
    closeAllConnections() {
      for (const socket of sockets) socket.destroy()
    },
  })
}
