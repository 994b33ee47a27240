import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { BUILDER, READER, UPSTREAM_KEY } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { keyEnvironment, ran, start } from '../support/running.ts'
import { askTasks } from '../support/tasks.ts'
import { AWS_CLI, BOTO3, missing, MOTO } from '../support/tools.ts'

const TASK = ['run', '--same-user', '--task', 'try it']
/** JSON of a JavaScript client's answer, with credentials and place from the environment alone. */
const JS = `
  const { S3Client, ListBucketsCommand } = require('@aws-sdk/client-s3')
  new S3Client({ forcePathStyle: true }).send(new ListBucketsCommand({}))
    .then(({ Buckets = [] }) => console.log(JSON.stringify(Buckets.map(({ Name }) => Name))))`
const PYTHON = `
import boto3, json
s3 = boto3.client('s3')
s3.create_bucket(Bucket='made-by-boto3')
print(json.dumps([b['Name'] for b in s3.list_buckets()['Buckets']]))`

let proxy: Proxy
const folder = mkdtempSync(join(tmpdir(), 'moderato-e2e-run-'))
beforeAll(async () => {
  proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER, READER] })
})
afterAll(async () => {
  await proxy?.stop()
  rmSync(folder, { recursive: true, force: true })
})
const run = (command: readonly string[], more: readonly string[] = [], env: Record<string, string> = {}) =>
  ran([...TASK, ...more, '--', ...command], { ...keyEnvironment(proxy), ...env })
const node = (script: string): string[] => [process.execPath, '-e', script]
const taskIn = (err: string): string => /task (\S+?):? /.exec(err.split('\n').at(-2) ?? '')?.[1] ?? ''
const openTasks = async () =>
  (JSON.parse((await moderato(proxy, ['sessions', 'list', '--json'])).out) as { tasks: { task: string }[] })
    .tasks

describe.skipIf(missing(MOTO))('moderato run', () => {
  it('lets a JavaScript client work, says what it did, and ends the task', async () => {
    const { code, out, err } = await run(node(JS), ['--grant', 'read,list=*', '--for', '5h'])
    expect({ code, out: JSON.parse(out) as unknown }).toEqual({ code: 0, out: [] })
    expect(err).toMatch(/moderato: policy granted task task-\S+ less than was asked for; it expires at 2/)
    expect(err).toMatch(/moderato: task task-\S+: 1 call, 0 refused; ended\n$/)
    const record = await proxy.record(({ operation }) => operation === 'ListBuckets')
    expect(record).toMatchObject({ agent: BUILDER.id, task: taskIn(err) })
    const opening = await proxy.record(
      ({ operation, task }) => operation === 'OpenTask' && task === record['task'],
    )
    expect(opening).toMatchObject({
      trace: expect.stringMatching(/^[0-9a-f]{32}$/),
      facts: { task: { intent: '"try it"', sameUser: true } },
    })
    expect(await openTasks()).toEqual([])
  })

  it.skipIf(missing(BOTO3))('lets boto3 work', async () => {
    const { code, out, err } = await run(['python3', '-c', PYTHON])
    expect({ code, out: out.trim() }).toEqual({ code: 0, out: '["made-by-boto3"]' })
    expect(err).toContain('2 calls, 0 refused')
  })

  it.skipIf(missing(AWS_CLI))(
    'lets the AWS CLI work, and refuses what the task was not opened for',
    async () => {
      const listed = await run(['aws', 's3api', 'list-buckets', '--output', 'json'])
      expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('"Buckets"') })
      const removal = ['aws', 'dynamodb', 'delete-table', '--table-name', 't']
      const refused = await run(removal, ['--grant', 'read,list=*'])
      // Of version 1 and of version 2.
      expect([254, 255]).toContain(refused.code)
      expect(refused.err).toContain('The task does not cover class destructive')
      expect(refused.err).toMatch(/1 call, 1 refused; ended\n$/)
    },
  )

  it('exits as the command does, whatever ends it, and the task is over', async () => {
    expect((await run(node('process.exit(7)'))).code).toBe(7)
    expect((await run(node('process.kill(process.pid, "SIGKILL")'))).code).toBe(128 + 9)
    const none = await run([join(folder, 'no-such-command')])
    expect(none).toMatchObject({ code: 127, err: expect.stringContaining('ENOENT') })
    writeFileSync(join(folder, 'plain'), 'x', { mode: 0o600 })
    expect((await run([join(folder, 'plain')])).code).toBe(126)
    expect(await openTasks()).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on, and ends the task', async (signal) => {
    const script = `process.on('${signal}', () => process.exit(42)); console.log('up'); setInterval(() => {}, 1e6)`
    const running = start([...TASK, '--', ...node(script)], keyEnvironment(proxy))
    await vi.waitFor(() => expect(running.out()).toContain('up'), { timeout: 30_000 })
    expect(await openTasks()).toHaveLength(1)
    running.child.kill(signal)
    expect(await running.ended).toMatchObject({ code: 42, err: expect.stringContaining('; ended') })
    expect(await openTasks()).toEqual([])
  })

  it('gives the command no secret of its own, and no other way to AWS', async () => {
    const canaries = {
      AWS_ACCESS_KEY_ID: 'AKIACANARYCANARY',
      AWS_SECRET_ACCESS_KEY: 'canary-secret-access-key-of-the-parent',
      AWS_SESSION_TOKEN: 'canary-session-token-of-the-parent',
      AWS_PROFILE: 'canary-profile',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/canary/token',
      AWS_ENDPOINT_URL_S3: 'https://canary.example',
      DEPLOY: 'key=canary-secret-access-key-of-the-parent',
      COPY_OF_KEY: BUILDER.secretAccessKey,
      LC_ALL: 'C.UTF-8',
    }
    const show = node('console.log(JSON.stringify({ ...process.env, cwd: process.cwd() }))')
    const { out, err } = await run(show, [], canaries)
    expect(out).not.toMatch(/canary/i)
    for (const secret of [BUILDER.secretAccessKey, UPSTREAM_KEY.secretAccessKey])
      expect(out + err).not.toContain(secret)
    const shown = JSON.parse(out) as Record<string, string>
    expect(shown).toMatchObject({
      LC_ALL: 'C.UTF-8',
      cwd: process.cwd(),
      AWS_ENDPOINT_URL: proxy.url,
      AWS_ENDPOINT_URL_STS: proxy.url,
      AWS_REGION: 'us-east-1',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_CREDENTIAL_PROFILES_FILE: '/dev/null',
    })
    const others = Object.keys(shown).filter((name) => name !== 'AWS_CREDENTIAL_PROFILES_FILE')
    expect(others.filter((name) => /^MODERATO_|_SECRET|_PROFILE/.test(name))).toEqual([])
    expect(shown['HOME']).not.toBe(process.env['HOME'])
    expect(statSync(shown['HOME'] ?? '', { throwIfNoEntry: false })).toBeUndefined()
  })

  it('does not run a command that could reach what makes the proxy a boundary (S22)', async () => {
    const mark = join(folder, 'ran')
    const command = node(`require('node:fs').writeFileSync(${JSON.stringify(mark)}, '')`)
    const openings = () => proxy.records().filter(({ operation }) => operation === 'OpenTask').length
    const before = openings()
    const refused = await ran(
      ['run', '--task', 't', '--config', proxy.configFile, '--', ...command],
      keyEnvironment(proxy),
    )
    expect(refused.code).toBe(1)
    expect(refused.err).toContain(`the configuration: ${proxy.configFile}`)
    expect(refused.err).toContain(`the state directory: ${proxy.stateDir}`)
    expect(refused.err).toContain(`the memory and environment of the proxy (process ${proxy.pid})`)
    expect(statSync(mark, { throwIfNoEntry: false })).toBeUndefined()
    expect(openings()).toBe(before)
    const same = await run(command)
    expect(same.err).toContain('--same-user: the proxy is no security boundary here')
    expect(same.err).toContain(
      'not checked: whether it can reach state, configuration, bundles, upstream credentials or the store: --config FILE is missing',
    )
    expect(statSync(mark).isFile()).toBe(true)
  })

  it('says what is wrong before a task is opened', async () => {
    for (const args of [
      ['run'],
      ['run', '--task', 't'],
      ['run', '--', 'true'],
      ['run', '--task', 't', '--x', '--', 'a'],
    ])
      expect(await ran(args, keyEnvironment(proxy))).toMatchObject({ code: 2 })
    const closed = await run(['true'], ['--proxy', 'http://127.0.0.1:1'])
    expect(closed).toMatchObject({ code: 1, err: expect.stringContaining('no Moderato answers') })
    const stranger = await run(['true'], [], { MODERATO_SECRET_ACCESS_KEY: 'wrong-secret-of-some-length' })
    expect(stranger).toMatchObject({ code: 1, err: expect.stringContaining('bad_signature') })
  })

  it('tells that its task was revoked meanwhile', async () => {
    const idle = `
      console.log('up'); setInterval(() => {}, 1e6); process.on('SIGTERM', () => process.exit(0))`
    const running = start([...TASK, '--id', 'drifter', '--', ...node(idle)], keyEnvironment(proxy))
    await vi.waitFor(() => expect(running.out()).toContain('up'), { timeout: 30_000 })
    await moderato(proxy, ['sessions', 'revoke', '--task', 'drifter', '--reason', 'it drifted'])
    running.child.kill('SIGTERM')
    expect((await running.ended).err).toMatch(/task drifter had ended before: .*\(operator\): it drifted/)
  })

  it.skipIf(missing(AWS_CLI))('tells what the command left behind, in the audit log too', async () => {
    const trust = '{"Version":"2012-10-17","Statement":[]}'
    const script = `aws iam create-role --role-name left --assume-role-policy-document '${trust}'
      aws iam create-role --role-name gone --assume-role-policy-document '${trust}'
      aws iam delete-role --role-name gone`
    const { code, err } = await run(['sh', '-ec', script], ['--id', 'leaver'])
    expect({ code, left: /LEFT BEHIND.*/.exec(err)?.[0] }).toEqual({
      code: 0,
      left: expect.stringMatching(/can still act on its own: iam:CreateRole arn:aws:iam::\S+:role\/left$/),
    })
    const record = await proxy.record(({ phase, task }) => phase === 'task' && task === 'leaver')
    expect(record).toMatchObject({
      facts: { cause: 'ended', counts: { calls: 3 }, leftBehind: [{ times: 1 }] },
    })
    expect(proxy.log()).toContain('left things behind that can act without it')
  })
})

describe.skipIf(missing(MOTO))('moderato env and credentials', () => {
  it.skipIf(missing(AWS_CLI))('give a shell the same, until it ends', async () => {
    const script = `${process.execPath} proxy/main.ts env --task 'another' --id idle > /dev/null
      ${process.execPath} proxy/main.ts env --end idle
      eval "$(${process.execPath} proxy/main.ts env --task 'a shell' --id shell)"
      aws s3api list-buckets --output json; echo "[$AWS_PROFILE]"
      ${process.execPath} proxy/main.ts env --end shell
      ! aws s3api list-buckets`
    const env = { ...keyEnvironment(proxy), AWS_PROFILE: 'canary' }
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', script], { env })
    expect(stdout).toContain('"Buckets"')
    expect(stdout).toContain('[]')
    expect(stdout).toMatch(/task shell: 1 call, 0 refused; ended/)
    expect(stderr).toContain('was ended')
    expect(stdout).toMatch(/task idle: 0 calls, 0 refused; ended/)
    expect(stderr).toContain('the shell made no call through Moderato')
  })

  it('are what a profile of every SDK can name: one task, in a file that is its own', async () => {
    const cache = join(folder, 'cache', 'credentials.json')
    const credentialProcess = `${process.execPath} ${join(import.meta.dirname, '../../proxy/main.ts')} credentials --task profile --cache ${cache}`
    const config = join(folder, 'config')
    writeFileSync(
      config,
      `[profile paced]\nregion = us-east-1\nendpoint_url = ${proxy.url}\ncredential_process = ${credentialProcess}\n`,
    )
    const env = { ...keyEnvironment(proxy), AWS_CONFIG_FILE: config, AWS_PROFILE: 'paced' }
    const work = (command: string, args: string[]) => {
      const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' })
      return { status, stdout, stderr }
    }
    expect(work(process.execPath, ['-e', JS])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('['),
    })
    expect(statSync(cache).mode & 0o777).toBe(0o600)
    const kept = readFileSync(cache, 'utf8')
    if (!missing(BOTO3))
      expect(work('python3', ['-c', PYTHON.replace('made-by', 'profile-by')])).toMatchObject({ status: 0 })
    if (!missing(AWS_CLI)) expect(work('aws', ['s3api', 'list-buckets'])).toMatchObject({ status: 0 })
    expect(readFileSync(cache, 'utf8')).toBe(kept)
    expect((await openTasks()).length).toBe(1)
    const { task, credentials } = JSON.parse(kept) as {
      task: { id: string }
      credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string }
    }
    await askTasks(proxy, credentials, undefined, {
      method: 'DELETE',
      target: `/.moderato/v1/tasks/${task.id}`,
    })
    const [, , ...args] = credentialProcess.split(' ')
    const over = await ran(args, keyEnvironment(proxy))
    expect(over).toMatchObject({ code: 1, out: '', err: expect.stringContaining('--new opens another task') })
    const fresh = await ran([...args, '--new'], keyEnvironment(proxy))
    expect(JSON.parse(fresh.out)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) })
  })
})
