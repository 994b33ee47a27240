import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsEnvironment } from '../support/python.ts'
import { keyEnvironment, ran } from '../support/running.ts'
import { missingTerraform, Terraform } from '../support/terraform.ts'
import { missing, MOTO } from '../support/tools.ts'

const RESOURCES = `
resource "aws_s3_bucket" "b" { bucket = "made-by-terraform" }
resource "aws_s3_object" "o" {
  bucket  = aws_s3_bucket.b.id
  key     = "folder/an object"
  content = "hello"
}
resource "aws_dynamodb_table" "t" {
  name         = "made-by-terraform"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_sqs_queue" "q" { name = "made-by-terraform" }
resource "aws_sns_topic" "n" { name = "made-by-terraform" }
resource "aws_iam_role" "r" {
  name               = "made-by-terraform"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
resource "aws_iam_policy" "p" {
  name   = "made-by-terraform"
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })
}
resource "aws_iam_role_policy_attachment" "a" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_kms_key" "k" { deletion_window_in_days = 7 }
resource "aws_ssm_parameter" "s" {
  name  = "/made/by/terraform"
  type  = "String"
  value = "v"
}
resource "aws_cloudwatch_log_group" "g" {
  name              = "made-by-terraform"
  retention_in_days = 7
}
`

describe.skipIf(missing(MOTO) || missingTerraform())('terraform through the proxy', () => {
  let proxy: Proxy
  const terraform = new Terraform(RESOURCES)
  const run = (...args: readonly string[]) =>
    terraform.run([...args, '-input=false'], awsEnvironment(proxy.url))

  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto() })
    await run('init')
  })
  afterAll(async () => {
    terraform.remove()
    await proxy?.stop()
  })

  it('applies resources of eight services', { timeout: 300_000 }, async () => {
    expect(await run('apply', '-auto-approve')).toContain('Resources: 11 added')
  })

  it('then finds nothing to change', { timeout: 300_000 }, async () => {
    expect(await run('plan', '-detailed-exitcode')).toContain('No changes')
  })

  it('destroys them all', { timeout: 300_000 }, async () => {
    expect(await run('destroy', '-auto-approve')).toContain('Resources: 11 destroyed')
  })

  it('made no call that the catalogue does not know, and none that was refused', () => {
    const decisions = proxy.records().filter(({ phase }) => phase === 'decision')
    expect(decisions.filter(({ decision }) => decision !== 'allow')).toEqual([])
    expect(new Set(decisions.map(({ class: label }) => label))).toContain('destructive')
  })

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
