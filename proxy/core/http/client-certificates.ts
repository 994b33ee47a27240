/** Reads the certificates that a client sent in its TLS handshake. */
import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Certificates of a client beyond this number are ignored. */
const MAX_SENT = 8

/** Returns the client's certificates: the leaf first, then its issuers. None of them is verified. */
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

/** HTTP/2 gives a stand-in for the socket, which is no instance of `TLSSocket`. */
function isTls(socket: Socket): socket is TLSSocket {
  return 'getPeerX509Certificate' in socket
}
