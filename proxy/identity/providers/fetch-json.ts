/** Fetches a small JSON document over https, as discovery, key sets and bundles are. */
import { readFileSync } from 'node:fs'
import { Agent } from 'undici'
import { isSafeFromOthers } from '../../core/addresses.ts'

const TIMEOUT_MS = 5_000
const MAX_BYTES = 1024 * 1024

export interface JsonFetcher {
  /** Rejects for anything but a 200 with JSON of at most 1 MiB within 5 s. Redirects are not followed. */
  get(url: string): Promise<unknown>
  close(): Promise<void>
}

/**
 * Returns what fetches JSON. `caFile`: the authority of a private server, in place of the public ones. Throws if it
 * cannot be read.
 */
export function jsonFetcher(caFile: string | undefined): JsonFetcher {
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, 'utf8') }
  // Made here, so that proxies of the environment have no say.
  const agent = new Agent({ connect: { ...ca, timeout: TIMEOUT_MS }, connections: 2 })
  return {
    async get(url) {
      const at = URL.parse(url)
      // Keys that came over plain HTTP would be anybody's, except from this machine.
      if (at === null || !isSafeFromOthers(at)) throw new Error(`${url.slice(0, 256)} is not https`)
      const { statusCode, body } = await agent.request({
        origin: at.origin,
        path: `${at.pathname}${at.search}`,
        method: 'GET',
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      if (statusCode !== 200) {
        await body.dump()
        throw new Error(`${at.host} answered ${statusCode}`)
      }
      return JSON.parse(await textOf(body, at.host)) as unknown
    },
    close: () => agent.destroy(),
  }
}

async function textOf(body: AsyncIterable<Buffer>, host: string): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`${host} answered with more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
