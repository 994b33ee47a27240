/** Declares the agents of the end-to-end tests; each name says which grants the agent has. */
import { ACTION_CLASSES } from '../../proxy/core/action-class.ts'

/** The key with which the proxy of every test signs; no agent has it. */
export const UPSTREAM_KEY = {
  accessKeyId: 'AKIAUPSTREAM',
  secretAccessKey: 'upstream-secret-that-no-agent-has',
} as const

export interface TestAgent {
  readonly id: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly grants: readonly { readonly classes: readonly string[]; readonly resources: readonly string[] }[]
}

function agent(name: string, classes: readonly string[], resources: readonly string[] = ['*']): TestAgent {
  return {
    id: `spiffe://example.org/agent/${name}`,
    accessKeyId: `AKID${name.toUpperCase()}`,
    secretAccessKey: `secret-of-the-test-agent-named-${name}`,
    grants: classes.length === 0 ? [] : [{ classes, resources }],
  }
}

/** May do everything that a grant can allow. */
export const BUILDER = agent('builder', [
  ...ACTION_CLASSES.filter((name) => name !== 'unknown'),
  'reads-secret',
])
export const READER = agent('reader', ['read', 'list'])
/** May do what a refresh of Terraform does. */
export const REFRESHER = agent('refresher', ['read', 'list', 'reads-secret'])
export const STRANGER = agent('stranger', [])
/** May work in a bucket and a table of its own. */
export const TENANT = agent(
  'tenant',
  ['read', 'list', 'write', 'data-delete'],
  ['arn:aws:s3:::own', 'arn:aws:s3:::own/*', 'arn:aws:dynamodb:us-east-1:123456789012:table/own'],
)
