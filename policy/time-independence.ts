/** Determines, when a policy is built, whether its verdicts may be cached (policy/verdict-memory.ts). */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Lists the host's builtins that depend only on their arguments; OPA declares this for its own. */
const PURE_HOST_BUILTINS = new Set([
  'moderato.arn_match',
  'moderato.arn_overlap',
  'moderato.by_other_name',
  'moderato.patterns_overlap',
])

/**
 * Tells whether the verdict depends only on the data and on the input without `timeSeconds`. That is so if no module can
 * read that member, and no allowed builtin gives different results for the same arguments.
 */
export function isTimeIndependent(
  opa: string,
  modules: readonly string[],
  capabilitiesFile: string,
): boolean {
  return onlyPureBuiltins(opa, capabilitiesFile) && !modules.some((module) => mayReadTime(opa, module))
}

interface Capabilities {
  readonly builtins: readonly { readonly name: string; readonly nondeterministic?: boolean }[]
}

function onlyPureBuiltins(opa: string, capabilitiesFile: string): boolean {
  const known = JSON.parse(run(opa, ['capabilities', '--current'])) as Capabilities
  const allowed = JSON.parse(readFileSync(capabilitiesFile, 'utf8')) as Capabilities
  const pure = new Set(PURE_HOST_BUILTINS)
  for (const { name, nondeterministic } of known.builtins) if (nondeterministic !== true) pure.add(name)
  return allowed.builtins.every(({ name }) => pure.has(name))
}

function mayReadTime(opa: string, module: string): boolean {
  return touchesTime(JSON.parse(run(opa, ['parse', '--format', 'json', module])))
}

/** Walks a syntax tree. Every `input` must be followed by the name of a member, and never by `timeSeconds`. */
function touchesTime(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(touchesTime)
  if (typeof node !== 'object' || node === null) return false
  const { type, value } = node as { readonly type?: unknown; readonly value?: unknown }
  // Without a member after it, `input` may be read anywhere.
  if (isInput(node)) return true
  if (type === 'ref' && Array.isArray(value) && isInput(value[0])) {
    const member = value[1] as { readonly type?: unknown; readonly value?: unknown } | undefined
    return member?.type !== 'string' || member.value === 'timeSeconds' || touchesTime(value.slice(1))
  }
  // Annotations name schemas by paths that look like references.
  return Object.entries(node).some(([name, each]) => name !== 'annotations' && touchesTime(each))
}

function isInput(node: unknown): boolean {
  const { type, value } = (node ?? {}) as { readonly type?: unknown; readonly value?: unknown }
  return type === 'var' && value === 'input'
}

function run(opa: string, args: readonly string[]): string {
  return execFileSync(opa, args, { encoding: 'utf8', maxBuffer: 64 << 20 })
}
