/** Counts the connections of a server from their first byte, so that those that never get through TLS count too. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer, type TLSSocket } from 'node:tls'
import type { OpenConnections } from '../open-connections.ts'

/** The room for connections that are being closed while others come. */
const CLOSING = 100

/**
 * Counts each connection of a server until it closes, and closes one when there are too many. A request's `socket` is
 * what counts as its connection. Call it before the server listens.
 */
export function countConnections(server: Server, connections: OpenConnections): void {
  // One connection too many is closed for the one that came; until that has happened, both are there.
  server.maxConnections = connections.most + CLOSING
  const isTls = server instanceof TlsServer
  // Node does not say which socket a TLS socket is made of; both have the same peer.
  const byPeer = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    connections.opened(socket)
    if (!isTls) return
    const peer = peerOf(socket)
    byPeer.set(peer, socket)
    socket.once('close', () => {
      if (byPeer.get(peer) === socket) byPeer.delete(peer)
    })
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    const plain = byPeer.get(peerOf(socket))
    if (plain !== undefined) connections.replaced(plain, socket)
  })
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
