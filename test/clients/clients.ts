/**
 * `npm run clients`: runs each client that this machine has for a fixed list of calls, straight to an emulator and through
 * Moderato to the same emulator, and prints the table of docs/clients.md.
 *
 * `-- --only TEXT` runs those whose name has the text. `-- --write` writes the rows into the page; rows of clients that
 * were not run stay. Exit code 1 if a client did less through Moderato than straight.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUILDER } from '../support/agents.ts'
import { ROOT } from '../support/markdown.ts'
import { treeOf } from '../support/process-tree.ts'
import { startProxy } from '../support/proxy.ts'
import { missing, MOTO } from '../support/tools.ts'
import type { Client } from './client.ts'
import { type Front, startFront } from './front.ts'
import { type Row, rowOf, rowsIn, tableOf } from './rows.ts'
import { SDKS } from './sdks.ts'
import { TOOLS } from './tools.ts'

const PAGE = join(ROOT, 'docs/clients.md')
const TABLE = /(?<=<!-- clients:begin -->\n)[^]*?(?=\n<!-- clients:end -->)/
const CLIENTS = [...SDKS, ...TOOLS]

/** Runs a client both ways, each on an empty emulator. */
async function measured({ name, install }: Client, front: Front): Promise<Row | undefined> {
  const installed = await install()
  if (installed === undefined) return undefined
  await front.reset()
  const straight = await installed.steps(front.url)
  await front.reset(BUILDER.accessKeyId)
  const proxy = await startProxy({
    upstream: front.url,
    settings: {
      listen: { agents: '127.0.0.1:0', admin: '127.0.0.1:0', hosts: ['moderato.test'] },
      upstream: { accountId: '123456789012' },
    },
  })
  try {
    const through = await installed.steps(proxy.url)
    for (const { step, message } of straight.filter(({ ok }) => !ok))
      console.warn(`${name}: not counted, since it fails straight: ${step}: ${message?.slice(0, 200)}`)
    return rowOf(name, installed.version, straight, through)
  } finally {
    await proxy.stop()
  }
}

async function main(): Promise<number> {
  const options = {
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  } as const
  const { only, write } = parseArgs({ options }).values
  if (missing(MOTO)) return 1
  const front = await startFront()
  const rows: Row[] = []
  try {
    for (const client of CLIENTS.filter(({ name }) => name.includes(only))) {
      const row = await measured(client, front)
      if (row === undefined) console.warn(`${client.name}: not run`)
      else rows.push(row)
      if (row !== undefined) console.warn(`${row[0]} ${row[1]}: ${row[2]} ${row[3]}`)
    }
  } finally {
    front.stop()
  }
  const page = readFileSync(PAGE, 'utf8')
  const before = rowsIn(TABLE.exec(page)?.[0] ?? '')
  const names = CLIENTS.map(({ name }) => name)
  const table = tableOf(rows, before, names)
  console.log(table)
  if (write)
    writeFileSync(
      PAGE,
      page.replace(TABLE, () => table),
    )
  return rows.every(([, , , missed]) => missed === '') ? 0 : 1
}

/** Ends what was started, if somebody ends this. */
function interrupted(): never {
  for (const { pid } of treeOf(process.pid)) if (pid !== process.pid) process.kill(pid, 'SIGKILL')
  process.exit(130)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
process.exitCode = await main()
