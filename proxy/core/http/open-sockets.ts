/** Keeps track of all connections of a server. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Returns the server with a `closeAllConnections` that closes every connection. Node's own leaves open those of HTTP/2
 * and those whose TLS handshake has not ended.
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
