import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { BUILDER } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { keyEnvironment, ran } from '../support/running.ts'
import { missingTerraform, Terraform } from '../support/terraform.ts'
import { missing, MOTO } from '../support/tools.ts'

describe.skipIf(missing(MOTO) || missingTerraform())('terraform', () => {
  let proxy: Proxy

  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER] })
  })
  afterAll(() => proxy?.stop())

  it('works under moderato run, as one task', { timeout: 300_000 }, async () => {
    const bucket = new Terraform('resource "aws_s3_bucket" "b" { bucket = "made-in-a-task" }\n')
    onTestFinished(() => bucket.remove())
    const commands = ['init', 'apply -auto-approve', 'plan -detailed-exitcode', 'destroy -auto-approve']
    const script = commands.map((each) => `terraform ${each} -input=false -no-color`).join(' && ')
    const { code, out, err } = await ran(
      ['run', '--same-user', '--task', 'try it', '--', 'sh', '-c', `cd '${bucket.folder}' && ${script}`],
      { ...keyEnvironment(proxy), ...bucket.environment },
    )
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/ 0 refused; ended\n$/) })
    for (const said of ['1 added', 'No changes', '1 destroyed']) expect(out).toContain(said)
    const opened = proxy
      .records()
      .filter(({ operation, phase }) => operation === 'OpenTask' && phase === 'decision')
    expect(opened).toHaveLength(1)
  })
})
