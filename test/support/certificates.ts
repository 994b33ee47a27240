/** Makes certificates with openssl, each in `NAME.pem` with its key in `NAME.key`. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']

/** Makes a self-signed certificate for 127.0.0.1: of a server, or of an authority. */
export function selfSigned(folder: string, name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  const own = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]
  openssl(folder, ['req', '-x509', ...KEY, '-days', '2', ...own])
  return { cert, key }
}

/** Makes a certificate with these names that an authority of the folder signs. */
export function signedBy(folder: string, ca: string, name: string, subject: string, altNames: string): void {
  openssl(folder, ['req', ...KEY, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`])
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${altNames}\n`)
  const by = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', '2']
  openssl(folder, [
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...by,
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.pem`,
  ])
}

function openssl(cwd: string, args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore', cwd })
}
