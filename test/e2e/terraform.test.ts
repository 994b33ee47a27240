import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDER, REFRESHER } from '../support/agents.ts'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsEnvironment } from '../support/python.ts'
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
resource "aws_lambda_function" "f" {
  function_name = "made-by-terraform"
  role          = aws_iam_role.r.arn
  filename      = "code.zip"
  handler       = "index.handler"
  runtime       = "nodejs22.x"
}
resource "aws_lambda_layer_version" "l" {
  layer_name = "made-by-terraform"
  filename   = "code.zip"
}
resource "aws_cognito_user_pool" "u" { name = "made-by-terraform" }
resource "aws_cognito_user_pool_client" "c" {
  name            = "made-by-terraform"
  user_pool_id    = aws_cognito_user_pool.u.id
  generate_secret = true
}
resource "aws_secretsmanager_secret" "s" { name = "made-by-terraform" }
resource "aws_secretsmanager_secret_version" "v" {
  secret_id     = aws_secretsmanager_secret.s.id
  secret_string = "hidden"
}
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_security_group" "s" {
  name   = "made-by-terraform"
  vpc_id = aws_vpc.v.id
}
resource "aws_ecr_repository" "r" { name = "made-by-terraform" }
resource "aws_cloudwatch_event_rule" "e" {
  name                = "made-by-terraform"
  schedule_expression = "rate(1 day)"
}
`

describe.skipIf(missing(MOTO) || missingTerraform())('terraform through the proxy', () => {
  let proxy: Proxy
  const terraform = new Terraform(RESOURCES)
  const run = (...args: readonly string[]) =>
    terraform.run([...args, '-input=false'], awsEnvironment(proxy.url))

  beforeAll(async () => {
    writeFileSync(join(terraform.folder, 'code.zip'), zipSync({ 'index.mjs': new Uint8Array() }))
    proxy = await startProxy({ upstream: await freshMoto(), agents: [BUILDER, REFRESHER] })
    await run('init')
  })
  afterAll(async () => {
    terraform.remove()
    await proxy?.stop()
  })

  it('applies resources of fourteen services', { timeout: 300_000 }, async () => {
    expect(await run('apply', '-auto-approve')).toContain('Resources: 22 added')
  })

  it('then finds nothing to change', { timeout: 300_000 }, async () => {
    expect(await run('plan', '-detailed-exitcode')).toContain('No changes')
  })

  it('then needs no grant but read, list and reads-secret', { timeout: 300_000 }, async () => {
    const environment = awsEnvironment(proxy.url, REFRESHER)
    const args = ['plan', '-detailed-exitcode', '-input=false']
    expect(await terraform.run(args, environment)).toContain('No changes')
  })

  it('destroys them all', { timeout: 300_000 }, async () => {
    expect(await run('destroy', '-auto-approve')).toContain('Resources: 22 destroyed')
  })

  it('made no call that the catalogue does not know, and none that was refused', () => {
    const decisions = proxy.records().filter(({ phase }) => phase === 'decision')
    expect(decisions.filter(({ decision }) => decision !== 'allow')).toEqual([])
    expect(new Set(decisions.map(({ class: label }) => label))).toContain('destructive')
  })
})
