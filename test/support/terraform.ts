/** Runs terraform in a folder of its own, with the AWS provider from a mirror on this machine. */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { missing, TERRAFORM } from './tools.ts'

const execute = promisify(execFile)

/** A filesystem mirror with the AWS provider: a test machine may not reach Terraform's registry. */
export const PLUGINS = process.env['TF_PLUGIN_DIR'] ?? '/opt/tf-plugins'

/** Returns true, with a warning, if terraform or its provider is missing. */
export function missingTerraform(): boolean {
  if (!existsSync(PLUGINS))
    console.warn('SKIPPED: no mirror with the AWS provider for terraform; TF_PLUGIN_DIR names one')
  return missing(TERRAFORM) || !existsSync(PLUGINS)
}

const PROVIDER = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region            = "us-east-1"
  s3_use_path_style = true
}
`

export class Terraform {
  readonly folder = mkdtempSync(join(tmpdir(), 'moderato-terraform-'))
  /** The variables that it needs besides those of AWS. */
  readonly environment: Readonly<Record<string, string>>

  /** Writes the configuration: `resources` is in terraform's language. Run `init` first. */
  constructor(resources: string) {
    const rc = join(this.folder, 'terraform.rc')
    const mirror = JSON.stringify(PLUGINS)
    writeFileSync(join(this.folder, 'main.tf'), PROVIDER + resources)
    writeFileSync(rc, `provider_installation {\n  filesystem_mirror { path = ${mirror} }\n}\n`)
    this.environment = { TF_CLI_CONFIG_FILE: rc, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' }
  }

  /** Runs terraform; resolves with its output, rejects if it failed. */
  async run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
    const { stdout } = await execute('terraform', [...args, '-no-color'], {
      cwd: this.folder,
      env: { ...env, ...this.environment },
      maxBuffer: 2 ** 26,
    })
    return stdout
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
