/**
 * `npm run fault`: kills, failing stores, full disks, clocks, reloads, an upgrade and back. It prints what it did, and
 * exits with 1 if anything did not hold. `-- --only kills,replicas --rounds 10 --seed 7 --minutes 5` for less or more.
 */
import { parseArgs } from 'node:util'
import { treeOf } from '../support/process-tree.ts'
import { FAULT_RUNS, faultResult } from './runs/all.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: FAULT_RUNS.map(({ name }) => name).join(',') },
    rounds: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '15' },
  },
})
const names = values.only.split(',')
const unknown = names.filter((name) => !FAULT_RUNS.some((each) => each.name === name))
const [seed, minutes] = [Number(values.seed), Number(values.minutes)]
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
if (
  unknown.length > 0 ||
  !(minutes > 0) ||
  !Number.isInteger(seed) ||
  !(rounds === undefined || rounds > 0)
) {
  console.error(`usage: npm run fault -- [--only ${FAULT_RUNS.map(({ name }) => name).join(',')}]
         [--rounds N] [--seed N] [--minutes N]`)
  process.exit(2)
}
// Interrupted, it ends all that it started.
process.on('exit', () => {
  for (const { pid } of treeOf(process.pid)) if (pid !== process.pid) endNow(pid)
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
console.log(`seed ${seed}, at most ${minutes} minutes`)
setTimeout(() => {
  console.error(`stopped after ${minutes} minutes: give --minutes, or --rounds`)
  process.exit(1)
}, minutes * 60_000).unref()

let broken = 0
for (const each of FAULT_RUNS.filter(({ name }) => names.includes(name))) {
  const startedMs = performance.now()
  const result = await faultResult(each, seed, rounds ?? each.rounds)
  const did = Object.entries(result.did).map(([what, count]) => `${what} ${count}`)
  const how = result.skipped ?? (result.broken.length === 0 ? 'held' : `${result.broken.length} DID NOT HOLD`)
  const seconds = Math.round((performance.now() - startedMs) / 1000)
  console.log(`${each.name}: ${each.holds}\n  ${how}; ${[...did, `${seconds} s`].join(', ')}`)
  for (const words of result.broken.slice(0, 20)) console.log(`  ${words}`)
  broken += result.broken.length
}
console.log(broken === 0 ? 'all held' : `${broken} did not hold`)
process.exit(broken === 0 ? 0 : 1)

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
