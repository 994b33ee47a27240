import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { wallBetween } from '../../.oxlint/walls.ts'

const ROOT = resolve(import.meta.dirname, '../..')

describe('the walls of the house', () => {
  it.each([
    ['proxy/stages/decide.ts', 'proxy/core/agent.ts'],
    ['proxy/server/compose.ts', 'proxy/stages/decide.ts'],
    ['proxy/stages/pace/pace.ts', 'proxy/stages/pace/denial.ts'],
    ['proxy/sigv4/sign.ts', 'node:crypto'],
    ['proxy/cli/serve.ts', 'node:fs'],
    ['proxy/aws/classify/classify-call.ts', 'proxy/aws/protocols/form.ts'],
    ['proxy/runtime/live-settings.ts', 'policy/bundle.ts'],
  ])('let %s import %s', (file, imported) => {
    expect(wallBetween(file, imported)).toBeUndefined()
  })

  it.each([
    ['an upper floor', 'proxy/core/agent.ts', 'proxy/sigv4/sign.ts'],
    ['its own floor', 'proxy/freeze/freezes.ts', 'proxy/identity/tasks.ts'],
    ['the wiring', 'proxy/stages/decide.ts', 'proxy/server/services.ts'],
    ['another stage', 'proxy/stages/forward/body.ts', 'proxy/stages/verify/time.ts'],
    [
      'another stage of the agent API',
      'proxy/agent-api/stages/read-ticket.ts',
      'proxy/agent-api/stages/claim-proof.ts',
    ],
    ['an upper subfolder', 'proxy/aws/protocols/form.ts', 'proxy/aws/classify/count.ts'],
    ['a subfolder beside it', 'proxy/aws/identify/trie.ts', 'proxy/aws/endpoints/endpoints.ts'],
    ['the folder that it is in', 'proxy/watch/detectors/fanout.ts', 'proxy/watch/watch.ts'],
    ['the proxy, from policy', 'policy/bundle.ts', 'proxy/core/agent.ts'],
    ['the file system, from a pure folder', 'proxy/sigv4/sign.ts', 'node:fs'],
    ['the network, from a pure subfolder', 'proxy/aws/protocols/text-document.ts', 'node:net'],
    ['what has no floor', 'proxy/cli/serve.ts', 'proxy/utils/helper.ts'],
  ])('do not let a file import %s', (_, file, imported) => {
    expect(wallBetween(file, imported)).toBeTypeOf('string')
  })

  it('know every folder of the proxy', () => {
    for (const name of readdirSync(join(ROOT, 'proxy')))
      expect(wallBetween(`proxy/${name}`, 'node:crypto'), name).toBeUndefined()
  })
})
