/** `moderato quarantine`: stops an agent and all it has under way, within a second, on every replica. */
import { parseArgs } from 'node:util'
import type { z } from 'zod'
import { QuarantineAnswer, QuarantinesAnswer } from '../admin/quarantine-routes.ts'
import { ADMIN_OPTIONS, ADMIN_USAGE, withAdmin, type AdminClient } from './admin-client.ts'
import type { Io } from './verb.ts'

const USAGE = `usage: moderato quarantine list [--json]
       moderato quarantine add AGENT --reason TEXT [--for 10m]
       moderato quarantine lift AGENT
${ADMIN_USAGE}`

const OPTIONS = { ...ADMIN_OPTIONS, reason: { type: 'string' }, for: { type: 'string' } } as const

export async function run(args: readonly string[], io: Io): Promise<number> {
  const parsed = parse(args)
  if (parsed?.values.help === true) {
    io.stdout.write(USAGE)
    return 0
  }
  const errand = parsed === undefined ? undefined : errandOf(parsed)
  if (parsed === undefined || errand === undefined) {
    io.stderr.write(USAGE)
    return 2
  }
  return withAdmin(parsed.values, io, async (client) => {
    const { answer, words } = await errand(client)
    io.stdout.write(parsed.values.json === true ? `${JSON.stringify(answer)}\n` : words)
    return 0
  })
}

type Parsed = NonNullable<ReturnType<typeof parse>>
type Errand = (client: AdminClient) => Promise<{ readonly answer: unknown; readonly words: string }>

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch {
    return undefined
  }
}

/** Undefined: wrong usage. */
function errandOf({ values, positionals }: Parsed): Errand | undefined {
  const [action, agent, ...rest] = positionals
  const { reason, for: forText } = values
  const given = reason !== undefined || forText !== undefined
  if (rest.length > 0) return undefined
  if (action === 'list' && agent === undefined && !given) return list
  if (agent === undefined) return undefined
  const path = `/v1/quarantine/${encodeURIComponent(agent)}`
  if (action === 'lift' && !given) {
    return async (client) => {
      const answer = await client.delete(path, QuarantineAnswer)
      return { answer, words: `lifted ${inWords(answer)}` }
    }
  }
  if (action !== 'add' || reason === undefined) return undefined
  return async (client) => {
    const answer = await client.post(path, { reason, for: forText }, QuarantineAnswer)
    return { answer, words: `stopped ${inWords(answer)}` }
  }
}

async function list(client: AdminClient) {
  const answer = await client.get('/v1/quarantine', QuarantinesAnswer)
  const words = answer.quarantines.map(inWords).join('')
  return { answer, words: words === '' ? 'no agent is in quarantine\n' : words }
}

function inWords({ agent, reason, by, until }: z.output<typeof QuarantineAnswer>): string {
  return `${agent}: ${until === null ? 'until lifted' : `until ${until}`}; by ${by}: ${reason}\n`
}
