/** The SDKs and libraries that are measured, each by a program of its own. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { builtGoClient, GO, JAVA, javaClassPath, javaCommand, MAVEN, steps } from '../support/toolchains.ts'
import { BOTO3, HTTP_CLIENTS, missing } from '../support/tools.ts'
import { ROOT } from '../support/markdown.ts'
import { type Client, packageVersion, versionIn, versionOf } from './client.ts'

const PROGRAMS = join(import.meta.dirname, 'programs')
const ELSEWHERE = join(ROOT, 'test/e2e/clients')
const REGION = { AWS_REGION: 'us-east-1' }

function program(name: string): string {
  return join(PROGRAMS, name)
}

function boto3(mode: string): Client {
  return {
    name: `boto3, retry mode \`${mode}\``,
    async install() {
      if (missing(BOTO3)) return undefined
      const version = await versionOf('python3', ['-c', 'import boto3; print(boto3.__version__)'], /(\S+)/)
      return { version, steps: (endpoint) => steps(['python3', program('boto3_calls.py'), mode], endpoint) }
    },
  }
}

const SENTRY: Client = {
  name: 'boto3 under sentry-sdk',
  async install() {
    if (missing(HTTP_CLIENTS)) return undefined
    const python = HTTP_CLIENTS.command
    const version = await versionOf(python, ['-c', 'import sentry_sdk; print(sentry_sdk.VERSION)'], /(\S+)/)
    const command = [python, program('boto3_calls.py'), 'standard', 'sentry'] as const
    return { version, steps: (endpoint) => steps([...command], endpoint) }
  },
}

const DUCKDB: Client = {
  name: 'DuckDB',
  async install() {
    if (missing(HTTP_CLIENTS)) return undefined
    const python = HTTP_CLIENTS.command
    const version = await versionOf(python, ['-c', 'import duckdb; print(duckdb.__version__)'], /(\S+)/)
    return { version, steps: (endpoint) => steps([python, program('duckdb_calls.py')], endpoint) }
  },
}

function javaScript(name: string, file: string, packageName: string): Client {
  return {
    name,
    install: () =>
      Promise.resolve({
        version: packageVersion(ROOT, packageName),
        steps: (endpoint) => steps([process.execPath, program(file)], endpoint, REGION),
      }),
  }
}

const GO_SDK: Client = {
  name: 'AWS SDK for Go v2',
  async install() {
    const binary = missing(GO) ? undefined : await builtGoClient()
    if (binary === undefined) return undefined
    return {
      version: versionIn(join(ELSEWHERE, 'go/go.mod'), /aws-sdk-go-v2 v(\S+)/),
      steps(endpoint) {
        // Every name leads this client to this machine, as a wildcard DNS record would.
        const byName = `http://moderato.test:${new URL(endpoint).port}`
        return steps([binary], endpoint, { ...REGION, VIRTUAL_ENDPOINT_URL: byName })
      },
    }
  },
}

const JAVA_SDK: Client = {
  name: 'AWS SDK for Java v2',
  install() {
    const classPath = missing(JAVA, MAVEN) ? undefined : javaClassPath()
    if (classPath === undefined) return Promise.resolve(undefined)
    const jar = readdirSync(join(classPath, '..')).find((name) => /^s3-\d/.test(name)) ?? ''
    return Promise.resolve({
      version: /^s3-(.+)\.jar$/.exec(jar)?.[1] ?? 'unknown',
      steps: (endpoint) => steps(javaCommand(classPath), endpoint, REGION),
    })
  },
}

export const SDKS: readonly Client[] = [
  boto3('legacy'),
  boto3('standard'),
  boto3('adaptive'),
  SENTRY,
  javaScript('AWS SDK for JavaScript v3', 'sdk-js-v3.ts', '@aws-sdk/client-s3'),
  javaScript('AWS SDK for JavaScript v2', 'sdk-js-v2.ts', 'aws-sdk'),
  javaScript('aws4fetch', 'aws4fetch.ts', 'aws4fetch'),
  GO_SDK,
  JAVA_SDK,
  DUCKDB,
]
