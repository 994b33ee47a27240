/** What `npm pack` gives, installed as users install it, on the Node of the tests and on the oldest line that is promised. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER, STRANGER } from '../support/agents.ts'
import { dynamodb, thrownBy } from '../support/clients.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { keyEnvironment } from '../support/running.ts'
import { sampled } from '../support/sample.ts'
import { missing, NODE_24, NPM } from '../support/tools.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
const folder = mkdtempSync(join(tmpdir(), 'moderato-package-'))
const prefix = join(folder, 'prefix')
const INSTALLED = join(prefix, 'lib/node_modules/moderato')
const COMMAND = join(prefix, 'bin/moderato')

const NODES = [
  { on: 'the Node of the tests', node: process.execPath, isMissing: missing(NPM) },
  { on: 'Node 24', node: NODE_24.command, isMissing: missing(NPM, NODE_24) },
]

function npm(...args: string[]): void {
  const { status, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} ended with ${status}:\n${stderr}`)
}

beforeAll(() => {
  if (missing(NPM)) return
  npm('pack', '--pack-destination', folder)
  const [tarball = ''] = readdirSync(folder)
  npm('install', '--global', '--offline', '--prefix', prefix, join(folder, tarball))
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(missing(NPM))('the package', () => {
  const entries = () => readdirSync(INSTALLED, { recursive: true, encoding: 'utf8' })

  it('has what the command needs of ours, and nothing else', () => {
    const own = entries().filter((path) => !path.startsWith('node_modules'))
    const top = new Set(own.map((path) => path.split('/')[0] ?? ''))
    // What users read, once it is there.
    top.delete('docs')
    expect([...top].toSorted()).toEqual(['LICENSE', 'README.md', 'dist', 'helm', 'package.json', 'proxy'])
    expect(own.filter((path) => /\.ts$|test|generate|refresh/.test(path))).toEqual([])
    expect(own).toEqual(
      expect.arrayContaining([
        'dist/proxy/aws/catalogue/NOTICE.md',
        'dist/proxy/aws/catalogue/catalogue.json.br',
        'dist/rego/bundle/.manifest',
        'dist/rego/bundle/policy.wasm',
        'helm/moderato/dashboards/moderato-service.json',
        'helm/moderato/rules/alerts.yaml',
      ]),
    )
  })

  it('has the dependencies that were tested, and none of development', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string; dev?: boolean }>
    }
    const tested = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
    for (const [path, { version: locked }] of tested) {
      const text = readFileSync(join(INSTALLED, path, 'package.json'), 'utf8')
      expect(`${path} ${(JSON.parse(text) as { version: string }).version}`).toBe(`${path} ${locked}`)
    }
    const found = entries().filter((path) => /^node_modules\/(?:@[^/]+\/[^/]+|[^@./][^/]*)$/.test(path))
    const top = tested.filter(([path]) => path.lastIndexOf('node_modules') === 0)
    expect(found.toSorted()).toEqual(top.map(([path]) => path).toSorted())
  })

  it('leaves nothing in the checkout', () => {
    expect(existsSync(join(ROOT, 'dist'))).toBe(false)
  })
})

describe.each(sampled(NODES, 1))('`moderato` installed, on $on', ({ node, isMissing }) => {
  const home = mkdtempSync(join(tmpdir(), 'moderato-package-home-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  const PATH = [dirname(COMMAND), dirname(node), '/usr/bin', '/bin'].join(delimiter)

  async function sh(script: string, env: Record<string, string> = {}) {
    const child = spawn('sh', ['-ec', script], {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { HOME: home, ...env, PATH },
    })
    const [out, err, code] = await Promise.all([
      child.stdout.setEncoding('utf8').toArray(),
      child.stderr.setEncoding('utf8').toArray(),
      new Promise<number | null>((ended) => child.once('close', ended)),
    ])
    return { code, out: out.join(''), err: err.join('') }
  }

  async function serve(): Promise<Proxy> {
    const upstream = await RecordingUpstream.start()
    onTestFinished(() => upstream.stop())
    const agents = [BUILDER, STRANGER]
    const environment = { PATH, HOME: home }
    const proxy = await startProxy({ command: COMMAND, upstream: upstream.url, agents, environment })
    onTestFinished(() => proxy.stop())
    return proxy
  }

  it.skipIf(isMissing)('tells its version and that of its Node', async () => {
    const nodeVersion = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1)
    expect(await sh('moderato --version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
    const { out } = await sh('moderato --version --json')
    expect(JSON.parse(out)).toEqual({ version, node: nodeVersion })
  })

  it.skipIf(isMissing)('checks a configuration', async () => {
    const config = { agents: [STRANGER], upstream: { endpoint: 'http://127.0.0.1:5000' } }
    writeFileSync(join(home, 'good.yaml'), JSON.stringify(config))
    writeFileSync(join(home, 'bad.yaml'), JSON.stringify({ ...config, pase: {} }))
    expect(await sh('moderato config check good.yaml')).toMatchObject({ code: 0, err: '' })
    expect(await sh('moderato config check bad.yaml')).toMatchObject({ code: 1 })
  })

  it.skipIf(isMissing)('serves: forwards, refuses, tells its version, and ends on SIGTERM', async () => {
    const proxy = await serve()
    expect((await fetch(`${proxy.adminUrl}/readyz`)).status).toBe(200)
    expect(readFileSync(`/proc/${proxy.pid}/cmdline`, 'utf8').split('\0')).toContain('--expose-gc')
    await dynamodb(proxy.url).send(new ListTablesCommand({}))
    expect(await thrownBy(dynamodb(proxy.url, STRANGER).send(new ListTablesCommand({})))).toMatchObject({
      name: 'AccessDeniedException',
      status: 403,
      message: expect.stringContaining('reason policy_denied'),
    })
    expect(await proxy.metric('moderato_build_info', { version })).toBe(1)
    expect(await proxy.record(({ phase }) => phase === 'start')).toMatchObject({ version })
    proxy.signal('SIGTERM')
    expect(await proxy.ended).toBe(0)
  })

  it.skipIf(isMissing)('runs a command with a task, and gives profiles credentials', async () => {
    const proxy = await serve()
    const environment = keyEnvironment(proxy)
    const ran = await sh(
      `moderato run --task 'look around' --same-user -- sh -c 'echo $AWS_ENDPOINT_URL; exit 7'`,
      environment,
    )
    expect(ran).toMatchObject({ code: 7, out: `${proxy.url}\n`, err: expect.stringContaining('0 calls') })
    // What the command could reach was tried by a program of its own, which the package must have.
    expect(ran.err).toContain('--same-user: the proxy is no security boundary here; the command can reach')
    expect(ran.err).not.toContain('could not be tried')
    const profile = await sh(`moderato credentials --task 'look around'`, environment)
    expect(profile).toMatchObject({ code: 0 })
    expect(JSON.parse(profile.out)).toMatchObject({ Version: 1, SessionToken: expect.any(String) })
  })
})
