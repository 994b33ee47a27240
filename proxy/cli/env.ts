/** Implements `moderato env`: prints the environment of a task for a shell. */
import { environmentOf } from '../config/command-environment.ts'
import { agentClient } from './agent-client.ts'
import { removedFrom, taskVariables, type Variables } from './child-environment.ts'
import { inWords, withoutCalls } from './end-task.ts'
import { tellingFailure } from './failure.ts'
import { newTrace, traceIdOf } from './run.ts'
import { TASK_OPTIONS, TASK_USAGE, wantedTask } from './task-flags.ts'
import { withArguments, type Given, type Io } from './verb.ts'

const USAGE = `usage: eval "$(moderato env --task TEXT [...])"
       moderato env --end ID [...]

Opens a task and prints variables for a POSIX shell: they lead AWS clients to the proxy with the task's credentials, and
unset what would lead them elsewhere. This is for first steps and is no security boundary: a shell can do whatever its user
can. The task ends with --end or when it expires. --json prints the same as JSON; null is a variable to unset.
${TASK_USAGE}`

const OPTIONS = { ...TASK_OPTIONS, end: { type: 'string' } } as const

export function run(args: readonly string[], io: Io): Promise<number> {
  return withArguments(
    { usage: USAGE, options: OPTIONS, allowPositionals: false },
    args,
    io,
    ({ values }) => {
      if ((values.task === undefined) === (values.end === undefined)) return 'wrong usage'
      return tellingFailure(io, async () => {
        const given = environmentOf()
        await (values.end === undefined ? open(values, given, io) : end(values.end, values, given, io))
        return 0
      })
    },
  )
}

type Values = Given<typeof OPTIONS>['values']

async function open(values: Values, given: Variables, io: Io): Promise<void> {
  const { place, proof, body } = await wantedTask(values, given)
  const client = agentClient(place)
  const traceparent = newTrace(given['TRACEPARENT'])
  const opened = await client.open(proof, { ...body, traceId: traceIdOf(traceparent), sameUser: true })
  const { id, expiresAt } = opened.task
  const set = taskVariables({ opened, place, region: values.region, traceparent }, given)
  // The identity itself stays: it opens and ends tasks, and this shell's AWS clients do not use it.
  const removed = removedFrom(given, []).filter(
    (name) => !(name in set) && !/^(?:MODERATO|SPIFFE)_/.test(name),
  )
  io.stdout.write(values.json === true ? asJson(set, removed) : asShell(set, removed))
  io.stderr.write(`moderato: task ${id} is open until ${expiresAt}; moderato env --end ${id} ends it\n`)
}

async function end(taskId: string, values: Values, given: Variables, io: Io): Promise<void> {
  const { place, proof } = await wantedTask(values, given)
  const client = agentClient(place)
  const summary = await client.end(proof, taskId)
  const words = `task ${taskId}: ${inWords(summary)}\n`
  io.stdout.write(values.json === true ? `${JSON.stringify({ task: taskId, ...summary })}\n` : words)
  for (const line of withoutCalls(summary, 'shell')) io.stderr.write(`moderato: ${line}\n`)
}

function asJson(set: Variables, removed: readonly string[]): string {
  return `${JSON.stringify({ ...Object.fromEntries(removed.map((name) => [name, null])), ...set })}\n`
}

/** Returns shell commands. They quote values whole; they skip invalid names, which may contain anything. */
export function asShell(set: Variables, removed: readonly string[]): string {
  const unset = removed.filter((name) => /^[A-Za-z_]\w*$/.test(name))
  const exports = Object.entries(set).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`,
  )
  return `${unset.length === 0 ? '' : `unset ${unset.join(' ')}\n`}${exports.join('')}`
}
