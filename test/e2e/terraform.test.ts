import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshMoto } from '../support/moto.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { awsEnvironment } from '../support/python.ts'
import { missing, MOTO, TERRAFORM } from '../support/tools.ts'

const execute = promisify(execFile)

/** A filesystem mirror with the AWS provider: machines that test may have no way to Terraform's registry. */
const PLUGINS = process.env['TF_PLUGIN_DIR'] ?? '/opt/tf-plugins'

const MAIN_TF = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region            = "us-east-1"
  s3_use_path_style = true
}

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

const absent = missing(MOTO, TERRAFORM) || !existsSync(PLUGINS)
if (!existsSync(PLUGINS))
  console.warn('SKIPPED: no mirror with the AWS provider for terraform; TF_PLUGIN_DIR names one')

describe.skipIf(absent)('terraform through the proxy', () => {
  let proxy: Proxy
  const folder = mkdtempSync(join(tmpdir(), 'moderato-terraform-'))
  const rc = join(folder, 'terraform.rc')

  beforeAll(async () => {
    proxy = await startProxy({ upstream: await freshMoto() })
    writeFileSync(join(folder, 'main.tf'), MAIN_TF)
    writeFileSync(
      rc,
      `provider_installation {\n  filesystem_mirror { path = ${JSON.stringify(PLUGINS)} }\n}\n`,
    )
    await terraform('init', '-input=false')
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await proxy?.stop()
  })

  async function terraform(...args: string[]): Promise<string> {
    const env = {
      ...awsEnvironment(proxy.url),
      TF_CLI_CONFIG_FILE: rc,
      TF_IN_AUTOMATION: '1',
      CHECKPOINT_DISABLE: '1',
    }
    const { stdout } = await execute('terraform', [...args, '-no-color'], {
      cwd: folder,
      env,
      maxBuffer: 2 ** 26,
    })
    return stdout
  }

  it('applies resources of eight services', { timeout: 300_000 }, async () => {
    expect(await terraform('apply', '-auto-approve', '-input=false')).toContain('Resources: 11 added')
  })

  it('then finds nothing to change', { timeout: 300_000 }, async () => {
    expect(await terraform('plan', '-detailed-exitcode', '-input=false')).toContain('No changes')
  })

  it('destroys them all', { timeout: 300_000 }, async () => {
    expect(await terraform('destroy', '-auto-approve', '-input=false')).toContain('Resources: 11 destroyed')
  })

  it('made no call that the catalogue does not know, and none that was refused', () => {
    const decisions = proxy.records().filter(({ phase }) => phase === 'decision')
    expect(decisions.filter(({ decision }) => decision !== 'allow')).toEqual([])
    expect(new Set(decisions.map(({ class: label }) => label))).toContain('destructive')
  })
})
