/** The certificates that a client showed in its TLS handshake. */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Beyond this many, what a client sent is not looked at. */
const MAX_SENT = 8

/** The leaf first, then whatever leads from it to an authority; none of it is verified. */
export function clientCertificates(socket: Socket): readonly X509Certificate[] {
  const chain: X509Certificate[] = []
  let next = isTls(socket) ? socket.getPeerX509Certificate() : undefined
  while (next !== undefined && chain.length < MAX_SENT) {
    const certificate = next
    if (chain.some(({ raw }) => raw.equals(certificate.raw))) break
    chain.push(certificate)
    next = certificate.issuerCertificate
  }
  return chain
}

/** HTTP/2 gives a stand-in for the socket, which is of no class. */
function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket
}
