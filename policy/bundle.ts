/** Loads a compiled policy: the packaged default, or an operator's file. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { z } from 'zod'
import type { PolicyData, PolicyEngine } from './engine.ts'
import { loadOpaWasm } from './opa-wasm.ts'
import { readTar } from './tar.ts'
import { remembering } from './verdict-memory.ts'

/** Holds the content of a bundle. */
export interface PolicyBundle {
  readonly wasm: Buffer
  readonly revision: string
  /** True if the bundle's manifest says that its verdicts do not depend on the time. */
  readonly timeIndependent: boolean
  readonly data: Readonly<Record<string, unknown>>
}

const PACKAGED = fileURLToPath(new URL('../rego/bundle', import.meta.url))
const MAX_BUNDLE_BYTES = 16 << 20
const MAX_UNPACKED_BYTES = 64 << 20

const Manifest = z.object({
  revision: z.string().default(''),
  metadata: z.object({ moderato: z.object({ timeIndependent: z.boolean() }).optional() }).optional(),
})
const Data = z.record(z.string(), z.unknown())

/**
 * Reads a bundle: a directory with `policy.wasm` (and optional `.manifest` and `data.json`), or a `.tar.gz` as
 * `opa build -t wasm` writes it. Without a source it reads the default policy. Rejects for a URL: a remote bundle is
 * refused until bundle signatures exist (rule S7).
 */
export async function loadBundle(source: string = PACKAGED): Promise<PolicyBundle> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
    throw new Error(
      'policy.bundle: a remote bundle is refused until bundle signatures exist; give a file or folder',
    )
  }
  const read = (await stat(source)).isDirectory() ? fromDirectory(source) : await fromArchive(source)
  const wasm = await read('policy.wasm')
  if (wasm === undefined)
    throw new Error(`policy.bundle: no policy.wasm in ${source}; build it with opa build -t wasm`)
  const manifest = Manifest.parse(parsed(await read('.manifest')))
  return {
    wasm,
    revision: manifest.revision,
    timeIndependent: manifest.metadata?.moderato?.timeIndependent ?? false,
    data: Data.parse(parsed(await read('data.json'))),
  }
}

/** Loads the engine for a bundle (by default the packaged policy) with the agents of the configuration. */
export async function loadPolicy(options: {
  readonly bundle?: string | undefined
  readonly data: PolicyData
}): Promise<PolicyEngine> {
  const { wasm, revision, timeIndependent, data } = await loadBundle(options.bundle)
  const engine = await loadOpaWasm({ wasm, revision, bundleData: data, data: options.data })
  return timeIndependent ? remembering(engine) : engine
}

type Read = (name: string) => Promise<Buffer | undefined>

function fromDirectory(directory: string): Read {
  return async (name) => {
    try {
      return await readFile(join(directory, name))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      throw error
    }
  }
}

async function fromArchive(file: string): Promise<Read> {
  if ((await stat(file)).size > MAX_BUNDLE_BYTES)
    throw new Error(`policy.bundle: the file has more than ${MAX_BUNDLE_BYTES} bytes`)
  const unpacked = await promisify(gunzip)(await readFile(file), { maxOutputLength: MAX_UNPACKED_BYTES })
  const files = readTar(unpacked)
  return async (name) => files.get(name)
}

function parsed(bytes: Buffer | undefined): unknown {
  return bytes === undefined ? {} : JSON.parse(bytes.toString('utf8'))
}
