/** What the tests of stores that lose or are robbed of something have in common: calls, and what an operator sees. */
import { DeleteTableCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { dynamodb } from './clients.ts'
import type { Proxy } from './proxy.ts'
import type { TaskCredentials } from './tasks.ts'

const ONCE = { maxAttempts: 1 }

export interface Readiness {
  readonly status: number
  readonly state: string
  readonly problems?: readonly string[]
  readonly store: { readonly up: boolean }
}

/** Returns what `/readyz` says. */
export async function readiness({ adminUrl }: Proxy): Promise<Readiness> {
  const answer = await fetch(`${adminUrl}/readyz`)
  return { ...((await answer.json()) as Readiness), status: answer.status }
}

/** Deletes a table as the builder, or with the credentials of a task, without a retry. */
export function dropTable(at: Proxy, TableName: string, credentials?: TaskCredentials): Promise<unknown> {
  return client(at, credentials).send(new DeleteTableCommand({ TableName }))
}

/** Lists tables, without a retry. */
export function listTables(at: Proxy, credentials?: TaskCredentials): Promise<unknown> {
  return client(at, credentials).send(new ListTablesCommand({}))
}

function client({ url }: Proxy, credentials: TaskCredentials | undefined) {
  if (credentials === undefined) return dynamodb(url, undefined, ONCE)
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return dynamodb(url, undefined, { ...ONCE, credentials: { accessKeyId, secretAccessKey, sessionToken } })
}
