/** The incidents and their benign doubles (test/scenarios), with real SDK calls; time passes on paper only. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig, parseConfig } from '../../proxy/config/load.ts'
import { replay } from '../../proxy/replay/replay.ts'
import { play, scenarios, type Part, type Played, type Scenario } from '../scenarios/scenario.ts'
import { timeline } from '../scenarios/timeline.ts'
import { BUILDER, READER, UPSTREAM_KEY, type TestAgent } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type AuditLine, type Proxy } from '../support/proxy.ts'
import { answerEmptyJson, RecordingUpstream } from '../support/recording-upstream.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'

const DETECTORS = {
  'retry-storm': { response: 'quarantine' },
  'blind-and-burn': { burnResponse: 'quarantine' },
}
const PARTS = ['drifts', 'benign'] as const
const ALL = scenarios()

/** One agent for each part, so that nothing of one counts in another. */
function agentOf(name: string, part: string, { agent }: Scenario): TestAgent {
  const { grants } = agent === 'builder' ? BUILDER : READER
  const id = `${name}-${part}`
  return {
    id,
    accessKeyId: id.replaceAll('-', '').toUpperCase(),
    secretAccessKey: `secret-of-the-agent-${id}`,
    grants,
  }
}

const agents = ALL.flatMap(([name, scenario]) => PARTS.map((part) => agentOf(name, part, scenario)))
/** Moto has no accounts of its own for keys that it does not know. */
const OPERATOR: TestAgent = { ...BUILDER, ...UPSTREAM_KEY }

describe.skipIf(missing(MOTO, BOTO3))('scenarios', () => {
  let moto: string
  let recorder: RecordingUpstream
  const proxies: { moto?: Proxy; recorder?: Proxy } = {}

  beforeAll(async () => {
    moto = await freshMoto()
    recorder = await RecordingUpstream.start(answerEmptyJson)
    const settings = { watch: { detectors: DETECTORS } }
    proxies.moto = await startProxy({ upstream: moto, agents, settings })
    proxies.recorder = await startProxy({ upstream: recorder.url, agents, settings })
  })
  afterAll(async () => {
    await proxies.moto?.stop()
    await proxies.recorder?.stop()
    await recorder?.stop()
  })

  describe.each(ALL)('%s', (name, scenario) => {
    let saved: Played['saved'] = {}
    const proxyOf = (): Proxy => {
      const proxy = proxies[scenario.upstream]
      if (proxy === undefined) throw new Error('no proxy')
      return proxy
    }
    beforeAll(async () => {
      if (scenario.setup.length > 0) {
        const played = await play(moto, OPERATOR, scenario.setup)
        expect(played.results.map(({ code }) => code)).toEqual(scenario.setup.map(() => null))
        saved = played.saved
      }
    })

    for (const partName of PARTS) {
      const part = scenario[partName]
      if (part === undefined) continue
      const verb = partName === 'drifts' ? 'is found' : 'is not taken for it'
      it(`${scenario.title}: ${verb}`, () => check(part, agentOf(name, partName, scenario)))
    }

    async function check(part: Part, agent: TestAgent): Promise<void> {
      const proxy = proxyOf()
      const { results } = await play(proxy.url, agent, part.steps, saved)
      expect(results.map(({ code }) => code)).toEqual(
        part.steps.flatMap(({ code = null, times }) => Array.from({ length: times }, () => code)),
      )
      expect(results.filter(({ waitedMs }) => waitedMs > 0)).toEqual([])
      const made = await recordsOf(proxy, results)
      for (const detector of part.trips) await proxy.record((line) => isDrift(line, agent, detector))
      const { trips, log } = timeline(made, part.steps)
      expect(trips.toSorted()).toEqual(part.trips.toSorted())
      expect(await pacedBy(log, agents)).toMatchObject(part.paced)
      const after = await play(proxy.url, agent, part.afterwards, saved)
      expect(after.results.map(({ code }) => code)).toEqual(part.afterwards.map(({ code = null }) => code))
    }
  })

  it.each(['moto', 'recorder'] as const)('are replayed as they were, all together: %s', async (name) => {
    const proxy = proxies[name]
    if (proxy === undefined) throw new Error('no proxy')
    const { config } = loadConfig(proxy.configFile, {})
    const report = await replay(join(proxy.stateDir, 'audit'), config)
    const decisions = proxy.records().filter(({ phase }) => phase === 'decision')
    const apart = Object.values(report.skipped).reduce((sum, each) => sum + each, 0)
    expect(report).toMatchObject({
      differences: 0,
      letThrough: 0,
      stopped: 0,
      unreadable: 0,
      tasksUnknown: 0,
    })
    expect(report.calls + apart).toBe(decisions.length)
    // Each scenario has run before this.
    expect(report.calls).toBeGreaterThan(name === 'moto' ? 100 : 5)
    expect(Object.keys(report.watchers).length).toBeGreaterThan(1)
  })
})

function isDrift({ phase, ...line }: AuditLine, { id }: TestAgent, detector: string): boolean {
  const { drift } = line as { drift?: { detector: string } }
  return phase === 'drift' && line.agent === id && drift?.detector === detector
}

/** The decision of each call, and its outcome if it was forwarded, in the order in which the calls were made. */
async function recordsOf(proxy: Proxy, results: Played['results']): Promise<(readonly AuditLine[])[]> {
  // Records come in order: those of the last call are the last.
  const { requestId: last } = results.at(-1) ?? {}
  const { decision } = await proxy.decision(String(last))
  if (decision === 'allow')
    await proxy.record(({ phase, requestId }) => phase === 'outcome' && requestId === last)
  const lines = Map.groupBy(proxy.records(), ({ requestId }) => requestId)
  return results.map(({ requestId }) => lines.get(String(requestId)) ?? [])
}

/** What the default pace makes of the calls at their times. */
async function pacedBy(
  log: readonly string[],
  agents: readonly TestAgent[],
): Promise<Record<string, object>> {
  const folder = mkdtempSync(join(tmpdir(), 'moderato-scenario-'))
  mkdirSync(join(folder, 'audit'))
  writeFileSync(join(folder, 'audit/00000001.jsonl'), log.map((line) => `${line}\n`).join(''))
  const given = { agents, upstream: { endpoint: 'http://127.0.0.1:1' } }
  const { config } = parseConfig(given, { file: 'scenario', folder, environment: {} })
  const { rows } = await replay(join(folder, 'audit'), config)
  rmSync(folder, { recursive: true })
  return Object.fromEntries(
    rows.map(({ class: label, after: { allowed, waited, throttled, denied } }) => {
      const refused = Object.values(denied).reduce((sum, each) => sum + each, 0)
      return [label, { atOnce: allowed - waited, waited, throttled, denied: refused }]
    }),
  )
}
