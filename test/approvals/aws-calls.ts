/** Calls of AWS as agents make them, for what an approval depends on. */
import { expect } from 'vitest'
import { dependenciesOf, touches } from '../../proxy/approvals/dependencies.ts'
import type { Call } from '../../proxy/core/call.ts'
import type { Signing, WireRequest } from '../sigv4/signing.ts'
import { ACCOUNT, decided, json, query } from './calls.ts'

/** A request and how it is signed. */
export type Made = readonly [wire: Partial<WireRequest>, signing: Signing]

export const HERE = `us-east-1:${ACCOUNT}`

export const js = (service: string, target: string, body: object | string): Made => [
  json(target, body),
  { service },
]
export const form = (service: string, body: string): Made => [query(body), { service }]
export const rest = (service: string, method: string, path: string, body?: object): Made => [
  {
    method,
    path,
    ...(body === undefined
      ? {}
      : { headers: ['Content-Type', 'application/json'], body: Buffer.from(JSON.stringify(body)) }),
  },
  { service },
]
export const ecs = (name: string, body: object): Made =>
  js('ecs', `AmazonEC2ContainerServiceV20141113.${name}`, body)
export const ssm = (name: string, body: object): Made => js('ssm', `AmazonSSM.${name}`, body)
export const glue = (name: string, body: object): Made => js('glue', `AWSGlue.${name}`, body)
export const ec2 = (text: string): Made => form('ec2', `${text}&Version=2016-11-15`)
export const iam = (text: string): Made => form('iam', `${text}&Version=2010-05-08`)
export const put = (path: string): Made => rest('s3', 'PUT', path)

export async function callOf([wire, signing]: Made): Promise<Call> {
  const { call } = await decided(wire, signing)
  expect(call.class).not.toBe('unknown')
  return call
}

/** Tells whether a change ends an approval of the call. */
export async function isVoided(approved: Made, change: Made): Promise<boolean> {
  const call = await callOf(approved)
  const names = dependenciesOf(call)
  return names.length > 0 && touches(await callOf(change), names, call.service)
}

const stack = (parameters: string): Made =>
  form('cloudformation', `Action=CreateStack&Version=2010-05-15&StackName=s&${parameters}`)
export const templateAt = (url: string) => stack(`TemplateURL=${encodeURIComponent(url)}`)
export const templated = (text: string, more = '') => stack(`TemplateBody=${encodeURIComponent(text)}${more}`)
