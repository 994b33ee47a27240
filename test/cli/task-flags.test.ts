import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { wantedTask } from '../../proxy/cli/task-flags.ts'
import { WorkloadApi } from '../support/workload-api.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-flags-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const KEY = { MODERATO_ACCESS_KEY_ID: 'AKIDME', MODERATO_SECRET_ACCESS_KEY: 'my-secret' }
const NEAR = { ...KEY, MODERATO_PROXY: 'http://127.0.0.1:8080' }

describe('wantedTask', () => {
  it('says in the body what the flags say', async () => {
    const flags = {
      task: 'tidy up',
      justification: 'it is full',
      ticket: 'INC-7',
      grant: ['read,list=*', 'data-delete=arn:aws:s3:::logs-a=b/*'],
      for: '30m',
      id: 'tidy-7',
      role: 'arn:aws:iam::111122223333:role/tidy',
    }
    expect((await wantedTask(flags, NEAR)).body).toEqual({
      intent: 'tidy up',
      justification: 'it is full',
      ticket: 'INC-7',
      grants: [
        { classes: ['read', 'list'], resources: ['*'] },
        { classes: ['data-delete'], resources: ['arn:aws:s3:::logs-a=b/*'] },
      ],
      durationSeconds: 1800,
      id: 'tidy-7',
      roleArn: 'arn:aws:iam::111122223333:role/tidy',
    })
  })

  it.each([
    ['--grant "everything=*"', { grant: ['everything=*'] }, NEAR],
    ['--grant "read"', { grant: ['read'] }, NEAR],
    ['--grant "read="', { grant: ['read='] }, NEAR],
    ['--for: ', { for: 'soon' }, NEAR],
    ['the address of Moderato is missing', {}, KEY],
    ['is not an http or https URL', { proxy: 'file:///etc' }, KEY],
    ['over https only', { proxy: 'http://moderato.example:8080' }, KEY],
    ['over https only', { proxy: 'http://127.0.0.1.example:8080' }, KEY],
    ['credentials are missing', {}, { MODERATO_PROXY: 'http://127.0.0.1:1' }],
    [
      'is not of the form unix:',
      {},
      { MODERATO_PROXY: 'http://127.0.0.1:1', SPIFFE_ENDPOINT_SOCKET: 'tcp://127.0.0.1:1' },
    ],
    ['--agent needs --config', { agent: 'a' }, NEAR],
    ['ENOENT', { 'token-file': join(folder, 'none') }, NEAR],
  ])('says what is wrong: %s', async (words, flags, surroundings) => {
    await expect(wantedTask(flags, surroundings)).rejects.toThrow(words)
  })

  it('takes a token from its file, and one that is none for none', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'eyJ.a.b\n')
    const { proof } = await wantedTask({ 'token-file': file }, NEAR)
    expect(proof).toEqual({ kind: 'token', from: file, token: 'eyJ.a.b' })
    expect((await wantedTask({}, { ...NEAR, MODERATO_TOKEN_FILE: file })).proof.kind).toBe('token')
    writeFileSync(file, 'two words\r\nx: y')
    await expect(wantedTask({ 'token-file': file }, NEAR)).rejects.toThrow('does not contain a token')
  })

  it('asks the Workload API for a token of our audience, where nothing else says who asks', async () => {
    const socket = join(folder, 'api.sock')
    const api = await WorkloadApi.start(socket, { jwt: {}, x509: {} })
    onTestFinished(() => api.stop())
    const surroundings = { MODERATO_PROXY: 'http://127.0.0.1:1', SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` }
    await expect(wantedTask({}, surroundings)).rejects.toThrow('no identity issued')
    api.svidFor = (audience) => `eyJ.${audience.join('+')}.x`
    const proof = { kind: 'token', from: `unix://${socket}` }
    expect(await wantedTask({}, surroundings)).toMatchObject({ proof: { ...proof, token: 'eyJ.moderato.x' } })
    expect(await wantedTask({ audience: 'other' }, surroundings)).toMatchObject({
      proof: { ...proof, token: 'eyJ.other.x' },
    })
    expect((await wantedTask({}, { ...NEAR, ...surroundings })).proof.kind).toBe('key')
    api.stop()
    await expect(wantedTask({}, surroundings)).rejects.toThrow('returned no JWT-SVID')
  })

  it('takes place and key from the configuration beside it', async () => {
    const file = join(folder, 'moderato.yaml')
    const agent = {
      id: 'spiffe://example.org/agent/a',
      accessKeyId: 'AKIDA',
      secretAccessKey: 's'.repeat(40),
    }
    writeFileSync(file, JSON.stringify({ listen: { agents: '[::1]:8090' }, agents: [agent] }))
    const { place, proof } = await wantedTask({ config: file, agent: agent.id }, {})
    expect(place).toMatchObject({ isNear: true, ca: undefined })
    expect(place.url.origin).toBe('http://[::1]:8090')
    expect(proof).toEqual({ kind: 'key', accessKeyId: 'AKIDA', secretAccessKey: agent.secretAccessKey })
    await expect(wantedTask({ config: file, agent: 'b' }, {})).rejects.toThrow('has no agent "b" with a key')
  })
})
