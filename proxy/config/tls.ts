/** The files that `listen.tls` and `admin.tls` name. */
import { readFileSync } from 'node:fs'
import { createSecureContext, type TlsOptions } from 'node:tls'
import type { Finding } from './checks/finding.ts'
import type { Config } from './schema/config.ts'
import { errorMessage } from '../core/error-message.ts'

export type TlsFiles = NonNullable<Config['listen']['tls']>

/** Reads what a TLS server needs. With `clientCa` it takes no connection without a certificate of that authority. */
export function readTls({ cert, key, clientCa }: TlsFiles): TlsOptions {
  const own = { cert: readFileSync(cert), key: readFileSync(key) }
  if (clientCa === undefined) return own
  return { ...own, ca: readFileSync(clientCa), requestCert: true, rejectUnauthorized: true }
}

/** Returns why the files of the setting `path` cannot be used, each by its own path; nothing if they can. */
export function tlsProblems(path: string, files: TlsFiles): Finding[] {
  const findings = Object.entries(files).flatMap(([name, file]): Finding[] => {
    try {
      if (file !== undefined) readFileSync(file)
      return []
    } catch (error) {
      return [{ path: `${path}.${name}`, message: `cannot be read: ${errorMessage(error)}` }]
    }
  })
  if (findings.length > 0) return findings
  try {
    createSecureContext(readTls(files))
    return []
  } catch (error) {
    const message = `certificate, key and clientCa must be PEM, and the key that of the certificate: ${errorMessage(error)}`
    return [{ path, message }]
  }
}
