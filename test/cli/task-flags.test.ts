import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { wantedTask } from '../../proxy/cli/task-flags.ts'

const folder = mkdtempSync(join(tmpdir(), 'moderato-flags-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const KEY = { MODERATO_ACCESS_KEY_ID: 'AKIDME', MODERATO_SECRET_ACCESS_KEY: 'my-secret' }
const NEAR = { ...KEY, MODERATO_PROXY: 'http://127.0.0.1:8080' }

describe('wantedTask', () => {
  it('says in the body what the flags say', () => {
    const flags = {
      task: 'tidy up',
      justification: 'it is full',
      ticket: 'INC-7',
      grant: ['read,list=*', 'data-delete=arn:aws:s3:::logs-a=b/*'],
      for: '30m',
      id: 'tidy-7',
      role: 'arn:aws:iam::111122223333:role/tidy',
    }
    expect(wantedTask(flags, NEAR).body).toEqual({
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
    ['say where Moderato is', {}, KEY],
    ['is no URL', { proxy: 'file:///etc' }, KEY],
    ['over https only', { proxy: 'http://moderato.example:8080' }, KEY],
    ['over https only', { proxy: 'http://127.0.0.1.example:8080' }, KEY],
    ['say who asks', {}, { MODERATO_PROXY: 'http://127.0.0.1:1' }],
    [
      'goes into a file first',
      {},
      { MODERATO_PROXY: 'http://127.0.0.1:1', SPIFFE_ENDPOINT_SOCKET: 'unix:///s' },
    ],
    ['--agent goes with --config', { agent: 'a' }, NEAR],
    ['ENOENT', { 'token-file': join(folder, 'none') }, NEAR],
  ])('says what is wrong: %s', (words, flags, surroundings) => {
    expect(() => wantedTask(flags, surroundings)).toThrow(words)
  })

  it('takes a token from its file, and one that is none for none', () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'eyJ.a.b\n')
    expect(wantedTask({ 'token-file': file }, NEAR).proof).toEqual({ kind: 'token', file, token: 'eyJ.a.b' })
    expect(wantedTask({}, { ...NEAR, MODERATO_TOKEN_FILE: file }).proof.kind).toBe('token')
    writeFileSync(file, 'two words\r\nx: y')
    expect(() => wantedTask({ 'token-file': file }, NEAR)).toThrow('holds no token')
  })

  it('takes place and key from the configuration beside it', () => {
    const file = join(folder, 'moderato.yaml')
    const agent = {
      id: 'spiffe://example.org/agent/a',
      accessKeyId: 'AKIDA',
      secretAccessKey: 's'.repeat(40),
    }
    writeFileSync(file, JSON.stringify({ listen: { agents: '[::1]:8090' }, agents: [agent] }))
    const { place, proof } = wantedTask({ config: file, agent: agent.id }, {})
    expect(place).toMatchObject({ isNear: true, ca: undefined })
    expect(place.url.origin).toBe('http://[::1]:8090')
    expect(proof).toEqual({ kind: 'key', accessKeyId: 'AKIDA', secretAccessKey: agent.secretAccessKey })
    expect(() => wantedTask({ config: file, agent: 'b' }, {})).toThrow('has no agent "b" with a key')
  })
})
