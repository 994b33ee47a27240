/**
 * `npm run fuzz -- --count N --seed S --minutes M`: a long campaign, at most M minutes. Exits with 1 and the requests if
 * anything did not hold.
 */
import { parseArgs } from 'node:util'
import { runCampaign } from './run.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string' },
    connections: { type: 'string', default: '48' },
  },
})
const seed = Number(values.seed)
console.log(`seed ${seed}`)
const startedMs = performance.now()
const { result, memoryMiB, endsWell } = await runCampaign({
  seed,
  count: Number(values.count),
  connections: Number(values.connections),
  mostMs: values.minutes === undefined ? undefined : Number(values.minutes) * 60_000,
  onProgress: (sent) => {
    if (sent % 50_000 === 0)
      console.log(`${sent} sent, ${Math.round(sent / ((performance.now() - startedMs) / 1000))}/s`)
  },
})
const { findings, mutations, ...rest } = result
console.table(mutations)
console.log(JSON.stringify({ seed, ...rest, memoryMiB, endsWell, findings: findings.length }))
for (const finding of findings.slice(0, 20)) console.log(JSON.stringify(finding).slice(0, 4000))
process.exitCode = findings.length === 0 && endsWell ? 0 : 1
