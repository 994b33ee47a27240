/** Keys with stars at a running proxy: boto3 sends them, and moto is the cloud behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, type TestAgent } from '../support/agents.ts'
import { ALICE, approvalIn, approvals, PEOPLE } from '../support/approvers.ts'
import { freshMoto } from '../support/moto.ts'
import { moderato } from '../support/moderato.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { boto3 } from '../support/python.ts'
import { BOTO3, missing, MOTO } from '../support/tools.ts'

const VAULT = 'arn:aws:s3:::vault'
/** May do with these objects what it likes, and nothing with others. */
const KEEPER: TestAgent = {
  id: 'spiffe://example.org/agent/keeper',
  accessKeyId: 'AKIDKEEPER',
  secretAccessKey: 'secret-of-the-test-agent-named-keeper',
  grants: [
    {
      classes: ['read', 'write', 'data-delete'],
      resources: [`${VAULT}/logs/\${*}`, `${VAULT}/dollar$*`, `${VAULT}/brace*}`],
    },
  ],
}
const RULES = [
  {
    classes: ['data-delete'],
    agents: [BUILDER.id],
    resources: [`${VAULT}/logs/prod-1`, `${VAULT}/Very/\${*}`, `${VAULT}/tree/*`],
  },
]

/** Runs a call, and says how it went: `done`, or the message of the refusal. */
const TRIED = `
def tried(call, **arguments):
    try:
        client('s3', retries={'max_attempts': 0}).__getattribute__(call)(Bucket='vault', **arguments)
        return 'done'
    except ClientError as error:
        return error.response['Error']['Message']
`

describe.skipIf(missing(MOTO, BOTO3))('keys with stars', () => {
  let proxy: Proxy
  beforeAll(async () => {
    proxy = await startProxy({
      upstream: await freshMoto(),
      agents: [BUILDER, KEEPER],
      settings: {
        admin: { people: PEOPLE },
        policy: { approvals: RULES },
        approvals: { pendingPerAgent: 100 },
        catalogue: {
          overrides: [{ operation: 's3:*', resources: [`${VAULT}/audit/prod-1`], add: ['protection'] }],
        },
      },
    })
    await boto3(proxy.url, "client('s3').create_bucket(Bucket='vault')\nresult = 1")
  })
  afterAll(() => proxy?.stop())

  const tried = async (call: string, args: string, agent = BUILDER): Promise<string> =>
    String(await boto3(proxy.url, `${TRIED}\nresult = tried('${call}', ${args})`, agent))

  it('are held by no rule of another name, alone and in lists', async () => {
    expect(await tried('put_object', "Key='logs/*', Body=b'x'")).toBe('done')
    expect(await tried('delete_object', "Key='logs/*'")).toBe('done')
    expect(await tried('delete_objects', "Delete={'Objects': [{'Key': 'logs/*'}, {'Key': '*'}]}")).toBe(
      'done',
    )
    const resources = proxy.records().flatMap((each) => each.resources ?? [])
    expect(resources).toContain(`${VAULT}/logs/\${*}`)
    expect(resources).toContain(`${VAULT}/\${*}`)
  })

  it.each([
    ['delete_object', "Key='logs/prod-1'"],
    ['delete_object', "Key='very/*'"],
    ['delete_object', "Key='VERY/*'"],
    ['delete_object', "Key='tree/*'"],
    ['delete_object', "Key='tree/${*}'"],
    ['delete_objects', "Delete={'Objects': [{'Key': 'a'}, {'Key': 'tree/*'}]}"],
    ['delete_objects', "Delete={'Objects': [{'Key': '*'}, {'Key': 'very/*'}]}"],
  ])('%s(%s) waits for a person, whom a rule for the name, or around it, names', async (call, args) => {
    expect(await tried(call, args)).toContain('must approve')
  })

  it.each([
    ['delete_object', "Key='very/a'"],
    ['delete_object', "Key='very/${*}'"],
    ['delete_object', "Key='very/**'"],
    ['delete_object', "Key='tree*'"],
  ])('%s(%s) is about something else, and goes on', async (call, args) => {
    expect(await tried(call, args)).toBe('done')
  })

  it('are shown to the person who approves, and go once they are approved', async () => {
    const message = await tried('delete_object', "Key='very/*', RequestPayer='requester'")
    const id = approvalIn(message)
    expect(await approvals(proxy, ALICE, 'show', id)).toContain(`${VAULT}/very/\${*}`)
    await approvals(proxy, ALICE, 'approve', id)
    expect(await tried('delete_object', "Key='very/*', RequestPayer='requester'")).toBe('done')
    expect(await tried('delete_object', "Key='very/*', RequestPayer='requester'")).toContain('must approve')
  })

  it.each(['logs/*', 'dollar$', 'dollar$*', 'brace}', 'brace*}'])(
    'are granted by a pattern that covers them: %s',
    async (key) => {
      expect(await tried('put_object', `Key='${key}', Body=b'x'`, KEEPER)).toBe('done')
      expect(await tried('delete_object', `Key='${key}'`, KEEPER)).toBe('done')
    },
  )

  it.each(['logs/prod-1', 'logs/**', 'logs/${*}', 'dollar*', 'brace*', '*', '${*}', 'logs*'])(
    'widen no grant: %s',
    async (key) => {
      expect(await tried('put_object', `Key='${key}', Body=b'x'`, KEEPER)).toContain('is not granted on')
      const copied = `Key='logs/*', CopySource={'Bucket': 'vault', 'Key': '${key}'}`
      expect(await tried('copy_object', copied, KEEPER)).toContain('is not granted on')
      const both = `Delete={'Objects': [{'Key': 'logs/*'}, {'Key': '${key}'}]}`
      expect(await tried('delete_objects', both, KEEPER)).toContain('is not granted on')
    },
  )

  it('are not what an override of another name is about', async () => {
    const classesOf = async (key: string) => {
      await tried('put_object', `Key='${key}', Body=b'x'`)
      const made = proxy.records().findLast(({ resources }) => resources?.[0]?.startsWith(`${VAULT}/audit/`))
      return made?.['classes']
    }
    expect(await classesOf('audit/*')).not.toContain('protection')
    expect(await classesOf('audit/prod-1')).toContain('protection')
  })

  it('are held by a freeze as all others are', async () => {
    const frozen = await moderato(proxy, ['freeze', '--service', 's3', '--reason', 'stop', '--json'])
    expect(await tried('delete_object', "Key='logs/*'")).toContain('froze it')
    const { id } = JSON.parse(frozen.out) as { readonly id: string }
    await moderato(proxy, ['freeze', 'lift', id])
    expect(await tried('delete_object', "Key='logs/*'")).toBe('done')
  })
})
