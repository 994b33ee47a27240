/** The first steps of the pages, typed as they stand there: the real proxy, moto behind it, the AWS CLI before it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveIn, typeIn } from '../support/docs.ts'
import { freePort } from '../support/free-port.ts'
import { chapterBlocks } from '../support/markdown.ts'
import { freshMoto } from '../support/moto.ts'
import { AWS_CLI, CURL, missing, MOTO } from '../support/tools.ts'

/** A budget that nothing here uses up, and that no slow machine refills: what is shown does not depend on the time. */
const PACE = 'pacing: { classes: { destructive: { rate: 1/h, burst: 50, maxWait: 0s } } }\n'
const FIRST = '## First steps'
const FREEZE_ID = /f-[0-9a-f]{16}/

/** A folder with a page's configuration in it, and the proxy that runs with it. */
class Desk {
  readonly folder = mkdtempSync(join(tmpdir(), 'moderato-docs-'))
  #ports: readonly [agents: number, admin: number] = [0, 0]
  #upstream = ''
  #end: () => Promise<void> = () => Promise.resolve()

  /** Starts the proxy with a configuration, after what people type before that. */
  async start(yaml: string, before = ''): Promise<void> {
    this.#ports = [await freePort(), await freePort()]
    this.#upstream = await freshMoto()
    writeFileSync(join(this.folder, 'moderato.yaml'), this.#here(yaml))
    if (before !== '') this.type(before)
    this.#end = (await serveIn(this.folder)).end
  }

  /** Types a script with the addresses that hold here, and returns what it printed. Fails if the script fails. */
  type(script: string): string {
    const { code, out, err } = typeIn(this.folder, this.#here(script))
    expect(code, err).toBe(0)
    return out + err
  }

  /** Types a script that must fail, and returns what it said. */
  typeInVain(script: string): string {
    const { code, err } = typeIn(this.folder, this.#here(script))
    expect(code).not.toBe(0)
    return err
  }

  async stop(): Promise<void> {
    await this.#end()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #here(text: string): string {
    const [agents, admin] = this.#ports
    return text
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${agents}`)
      .replaceAll('127.0.0.1:8081', `127.0.0.1:${admin}`)
      .replaceAll(/http:\/\/127\.0\.0\.1:(5000|4566)/g, this.#upstream)
  }
}

describe.skipIf(missing(MOTO, AWS_CLI, CURL))('the first steps of the pages', () => {
  const desk = new Desk()
  const [yaml = ''] = chapterBlocks('README.md', '### An emulator: moto', 'yaml')
  const [, , agent = ''] = chapterBlocks('README.md', '### An emulator: moto', 'sh')
  const exported = agent
    .split('\n')
    .filter((line) => line.startsWith('export '))
    .join('\n')
  beforeAll(() => desk.start(yaml + PACE))
  afterAll(() => desk.stop())

  const steps = (page: string, language = 'sh'): readonly string[] => chapterBlocks(page, FIRST, language)
  const asAgent = (script: string): string => desk.type(`${exported}\n${script}`)

  it('README: an agent before moto, and what was recorded of it', () => {
    const out = desk.type(agent)
    expect(out).toContain('remove_bucket: scratch-3')
    expect(out).toMatch(/decision allow destructive s3:DeleteBucket spiffe:\S+/)
    expect(out).toMatch(/verified: \d+ records/)
  })

  it('README: the commands for LocalStack', () => {
    const blocks = chapterBlocks('README.md', '### An emulator: LocalStack', 'sh')
    expect(desk.type(blocks.at(-1) ?? '')).toMatch(
      /make_bucket: scratch-1[^]* scratch-1[^]*remove_bucket: scratch-1/,
    )
  })

  it('tasks: a command with the credentials of a task', () => {
    const [run = ''] = steps('docs/tasks.md')
    expect(asAgent(run)).toMatch(/task task-\S+: 1 call, 0 refused; ended\n$/)
  })

  it('pacing: what is left of each budget, and why a call would wait', () => {
    const [paced = ''] = steps('docs/pacing.md')
    const out = asAgent(paced)
    expect(out).toContain('remove_bucket: scratch-3')
    expect(out).toMatch(/^destructive +agent "spiffe:\S+" +4\d of 50 left at 1\/h/m)
    expect(out).toMatch(/destructive +agent "spiffe:\S+" .*; counts 1; /)
  })

  it('policy: what policy says of a call', () => {
    const [explain = ''] = steps('docs/policy.md')
    expect(desk.type(explain)).toMatch(/^ALLOW +s3:DeleteBucket/)
  })

  it('audit, signing and watchers: what was recorded', () => {
    const [audit = ''] = steps('docs/audit.md')
    expect(desk.type(audit)).toMatch(/verified: \d+ records/)
    const [signing = ''] = steps('docs/signing.md')
    expect(asAgent(signing)).toContain('s3:ListBuckets')
    const [watchers = ''] = steps('docs/watchers.md')
    expect(desk.type(watchers)).toContain('recreate-loop')
  })

  it('metrics, operating and configuration: how it stands', () => {
    const [metrics = ''] = steps('docs/metrics.md')
    expect(desk.type(metrics)).toMatch(/"ready":true[^]*moderato_requests_total\{/)
    const [operating = '', token = ''] = steps('docs/operating.md')
    expect(desk.type(operating)).toContain('nothing is frozen')
    expect(desk.type(token)).toMatch(/^tokenSha256: [0-9a-f]{64}$/m)
    const [configuration = ''] = steps('docs/configuration.md')
    expect(desk.type(configuration)).toContain('pacing.classes')
  })

  it('catalogue: what an operation is', () => {
    const [catalogue = ''] = steps('docs/catalogue.md')
    expect(desk.type(catalogue)).toMatch(/"operation": ?"DeleteBucket"/)
  })

  it('freeze and quarantine: stop agents, and let them go on', () => {
    const [all = '', list = '', lift = ''] = (steps('docs/freeze-and-breakglass.md')[0] ?? '').split('\n')
    const id = FREEZE_ID.exec(desk.type(all))?.[0] ?? ''
    expect(desk.type(list)).toContain('incident 42')
    expect(desk.type(lift.replace(FREEZE_ID, id))).toContain(`lifted ${id}`)
    const [quarantine = ''] = chapterBlocks('docs/watchers.md', '### Quarantine by hand', 'sh')
    expect(desk.type(quarantine)).toContain('it deletes backups')
    expect(asAgent('aws s3 ls')).not.toContain('AccessDenied')
  })
})

describe.skipIf(missing(MOTO, AWS_CLI))('the first steps of docs/approvals.md', () => {
  const desk = new Desk()
  const [yaml = ''] = chapterBlocks('docs/approvals.md', FIRST, 'yaml')
  const [people = '', create = '', decide = '', again = ''] = chapterBlocks('docs/approvals.md', FIRST, 'sh')
  beforeAll(() => desk.start(yaml, people.replace(/^npm start.*$/m, '')))
  afterAll(() => desk.stop())

  it('lets a call through once, after a person approved it', () => {
    const [, , agent = ''] = chapterBlocks('README.md', '### An emulator: moto', 'sh')
    const exported = agent.slice(0, agent.indexOf('for '))
    desk.type(exported + create)
    const refused = desk.typeInVain(exported + again)
    expect(refused).toContain(
      'One person must approve destructive on arn:aws:dynamodb:us-east-1:*:table/prod-orders.',
    )
    const [, id = ''] = /Approval ([0-9a-f]{32})/.exec(refused) ?? []
    expect(desk.type(decide.replaceAll('3f0c...', id))).toContain('prod-orders')
    expect(desk.type(exported + again)).toContain('prod-orders')
  })
})
