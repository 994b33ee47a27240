/** Implements the policy engine that runs an OPA bundle, compiled to WebAssembly, in this process. */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as OpaWasm from '@open-policy-agent/opa-wasm'
import { arnMatch } from './arn-match.ts'
import type { PolicyData, PolicyEngine, PolicyInput } from './engine.ts'
import { restricts, restrictsByOtherName, restrictsSome } from './restricts.ts'
import type { TaskInput } from './task.ts'
import { taskVerdictOf, verdictOf } from './verdicts.ts'

// The package declares `loadPolicySync`, but only its CommonJS form exports it.
const opa: Pick<typeof OpaWasm, 'loadPolicySync'> = createRequire(import.meta.url)(
  '@open-policy-agent/opa-wasm',
)
type Instance = ReturnType<typeof opa.loadPolicySync>

const ENTRYPOINT = 'moderato/decision'
/** An operator's bundle may lack this entrypoint: then no tasks are opened. */
const TASK_ENTRYPOINT = 'moderato/tasks/verdict'
const MAX_INPUT_BYTES = 2 << 20
/** WebAssembly memory only grows: to at most 64 MiB; an instance with more than 16 MiB is replaced after the call. */
const MAX_MEMORY_PAGES = 1024
const RENEW_MEMORY_BYTES = 16 << 20

/** Lists what Rego may call in addition to the natives of OPA's WebAssembly; rego/capabilities.json has the same list. */
export const HOST_BUILTINS: Readonly<Record<string, (...values: never[]) => unknown>> = {
  'moderato.arn_match': arnMatch,
  'moderato.arn_overlap': restricts,
  'moderato.by_other_name': restrictsByOtherName,
  'moderato.patterns_overlap': restrictsSome,
}
/** Lists the builtins of the npm package that differ from OPA's only in their text. */
const PACKAGE_BUILTINS = ['sprintf']

export interface OpaWasmOptions {
  readonly wasm: Buffer
  /** The revision that the bundle itself states. */
  readonly revision: string
  /** Data of the bundle. It may not have agents or approvals: those come from the configuration. */
  readonly bundleData?: Readonly<Record<string, unknown>>
  readonly data: PolicyData
  /** Host builtins; tests replace them. */
  readonly builtins?: typeof HOST_BUILTINS
}

/**
 * Loads a compiled policy with its data. Rejects if the module cannot be compiled, needs a builtin that the host lacks
 * (OPA builds such a bundle and throws at the first call), or lacks the entrypoint `moderato/decision`. It also rejects if
 * the answer to a probe call has the wrong shape; the same for a probe task, if people must approve some tasks.
 */
export async function loadOpaWasm(options: OpaWasmOptions): Promise<PolicyEngine> {
  const { wasm, data, bundleData = {}, builtins = HOST_BUILTINS } = options
  for (const name of ['agents', 'approvals', 'tasks']) {
    if (name in bundleData) throw new Error(`policy bundle: data.${name} belongs to the configuration`)
  }
  const module = await WebAssembly.compile(new Uint8Array(wasm))
  const json = JSON.stringify({ ...bundleData, approvals: [], ...data })
  const create = () => instantiate(module, builtins, json)
  const digest = createHash('sha256').update(wasm).update(json).digest('hex')
  // Joined: V8 keeps a concatenated string in pieces, for which JSON.stringify is slow in each record.
  const revision = [options.revision.slice(0, 16), digest.slice(0, 16)].join('.')
  const asks = {
    ofCalls: (data.approvals ?? []).length > 0,
    ofTasks: (data.tasks?.approvals ?? []).length > 0,
  }
  const engine = engineOf(create, asks, revision)
  engine.evaluate(PROBE)
  if (asks.ofTasks) engine.judgeTask(TASK_PROBE)
  return engine
}

/** Says whether the configuration makes people approve calls and tasks. */
interface Asks {
  readonly ofCalls: boolean
  readonly ofTasks: boolean
}

function engineOf(create: () => Instance, asks: Asks, revision: string): PolicyEngine {
  let instance = create()
  const run = (input: object, entrypoint: string): unknown => {
    const encoded = encode(input)
    let result: unknown
    try {
      result = instance.evaluate(encoded, entrypoint)
    } catch (thrown) {
      // An interrupted evaluation leaves its memory in an unknown state, so the next one uses a new instance.
      instance = create()
      throw asError(thrown)
    }
    if (instance.mem.buffer.byteLength > RENEW_MEMORY_BYTES) instance = create()
    return result
  }
  return {
    name: 'opa',
    revision,
    evaluate: (input) => verdictOf(run(input, ENTRYPOINT), asks.ofCalls),
    judgeTask(input) {
      if (!(TASK_ENTRYPOINT in instance.entrypoints))
        throw new Error(`it has no entrypoint ${TASK_ENTRYPOINT}`)
      return taskVerdictOf(run(input, TASK_ENTRYPOINT), asks.ofTasks)
    },
  }
}

const encoder = new TextEncoder()

/** Matches a lone surrogate as JSON.stringify writes it. OPA aborts on it, and an agent could make us replace the instance each time. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/

function encode(input: object): ArrayBuffer {
  const text = JSON.stringify(input)
  if (text.includes('\\ud') && LONE_SURROGATE.test(text))
    throw new Error('the policy input is not valid Unicode')
  const bytes = encoder.encode(text)
  if (bytes.byteLength > MAX_INPUT_BYTES)
    throw new Error(`the policy input has more than ${MAX_INPUT_BYTES} bytes`)
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes.buffer
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
}

function instantiate(module: WebAssembly.Module, builtins: typeof HOST_BUILTINS, json: string): Instance {
  try {
    const instance = opa.loadPolicySync(module, { initial: 5, maximum: MAX_MEMORY_PAGES }, { ...builtins })
    const provided = new Set([...Object.keys(builtins), ...PACKAGE_BUILTINS])
    const missing = importedBuiltins(instance).filter((name) => !provided.has(name))
    if (missing.length > 0) throw new Error(`it needs builtins that the host lacks: ${missing.join(', ')}`)
    if (!(ENTRYPOINT in instance.entrypoints)) throw new Error(`it has no entrypoint ${ENTRYPOINT}`)
    instance.setData(JSON.parse(json))
    return instance
  } catch (thrown) {
    throw new Error(`policy bundle can't be loaded: ${asError(thrown).message}`, { cause: thrown })
  }
}

/** Returns the names in the module's builtin table: a JSON object in its memory that ends with a zero byte. */
function importedBuiltins(instance: Instance): readonly string[] {
  const exported = 'exports' in instance.wasmInstance ? instance.wasmInstance.exports : {}
  const { builtins, opa_json_dump: dump } = exported as Record<string, (address?: number) => number>
  if (builtins === undefined || dump === undefined) throw new Error('it is not an OPA policy')
  const start = dump(builtins())
  const memory = Buffer.from(instance.mem.buffer)
  return Object.keys(JSON.parse(memory.toString('utf8', start, memory.indexOf(0, start))))
}

/** Makes an Error of what was thrown: OPA's runtime throws strings and plain objects. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown)
    return new Error(String(thrown.message))
  return new Error(String(thrown))
}

const TASK_PROBE: TaskInput = {
  agent: { id: '' },
  task: { id: '', intent: '', justification: '', ticket: '', grants: [], durationSeconds: 0, child: false },
}

const PROBE: PolicyInput = {
  agent: { id: '' },
  call: {
    service: 'unknown',
    operation: null,
    actions: [],
    resources: ['*'],
    count: 1,
    class: 'unknown',
    classes: ['unknown'],
    traits: [],
    accessLevel: 'Unknown',
    facts: {},
    region: '',
  },
  timeSeconds: 0,
}
