/** A scenario: calls in their order, when they are made on a scale of seconds that nobody waits for, and what must come of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { DETECTOR_NAMES } from '../../proxy/config/schema/watch.ts'
import type { TestAgent } from '../support/agents.ts'
import { awsEnvironment, python } from '../support/python.ts'

const PLAY = readFileSync(join(import.meta.dirname, 'play.py'), 'utf8')

const Step = z.strictObject({
  service: z.string(),
  operation: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** How often, one after another. */
  times: z.int().default(1),
  save: z.record(z.string(), z.string()).default({}),
  /** Seconds after the call before it, `times` or not. */
  after: z.number().default(0),
  /** The error code that the SDK shows; none: the call is made. */
  code: z.string().optional(),
})
export type Step = z.output<typeof Step>

/** Calls one after another, all of them `rounds` times; `$round` in a name is the number of the round. */
const Rounds = z.strictObject({ rounds: z.int(), steps: z.array(Step) })

const Part = z.strictObject({
  steps: z
    .array(z.union([Step, Rounds]))
    .transform((steps) => steps.flatMap((each) => ('rounds' in each ? unrolled(each) : [each]))),
  /** Every detector that fires; no other does. */
  trips: z.array(z.enum(DETECTOR_NAMES)),
  /** With the default pace, by class: how many calls go at once, after a wait, or not. */
  paced: z
    .record(
      z.string(),
      z.strictObject({
        atOnce: z.int(),
        waited: z.int().default(0),
        throttled: z.int().default(0),
        denied: z.int().default(0),
      }),
    )
    .default({}),
  /** Once the detectors have fired. */
  afterwards: z.array(Step).default([]),
})
function unrolled({ rounds, steps }: z.output<typeof Rounds>): Step[] {
  const text = JSON.stringify(steps)
  return Array.from({ length: rounds }, (_, round) =>
    z.array(Step).parse(JSON.parse(text.replaceAll('$round', String(round)))),
  ).flat()
}

export type Part = z.output<typeof Part>

const Scenario = z.strictObject({
  title: z.string(),
  upstream: z.enum(['moto', 'recorder']).default('moto'),
  agent: z.enum(['builder', 'reader']).default('builder'),
  /** Made without the proxy. */
  setup: z.array(Step).default([]),
  /** What must be found. */
  drifts: Part.optional(),
  /** What looks like it, and must not be. */
  benign: Part,
})
export type Scenario = z.output<typeof Scenario>

/** Every scenario by its file's name. */
export function scenarios(): readonly (readonly [string, Scenario])[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))
  return names.toSorted().map((name) => {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8')
    return [name.replace('.json', ''), Scenario.parse(JSON.parse(text))] as const
  })
}

export interface Played {
  readonly results: readonly {
    readonly code: string | null
    readonly requestId: string | null
    readonly waitedMs: number
  }[]
  readonly saved: Readonly<Record<string, unknown>>
}

/** Plays the steps with boto3. Rejects with Python's own error text. */
export async function play(
  url: string,
  agent: TestAgent,
  steps: readonly Step[],
  saved: Readonly<Record<string, unknown>> = {},
): Promise<Played> {
  const input = JSON.stringify({ steps, saved })
  return JSON.parse(await python(PLAY, awsEnvironment(url, agent), input)) as Played
}
