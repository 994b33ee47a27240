/** Parses forms of STS. What would be ignored is refused: its sender counts on it. */
import { textOf } from '../aws/protocols/document.ts'
import { parseForm } from '../aws/protocols/form.ts'
import type { Document } from '../aws/protocols/tree.ts'
import { Denial } from '../core/denial/denial.ts'
import { quoteUntrusted } from '../core/quote-untrusted.ts'

/** A form that was sent to STS. */
export interface StsRequest {
  /** The Action as it was sent; undefined if there is none. */
  readonly action: string | undefined
  /** First parts of names, each with its text, or with the list or structure of the other parts. */
  readonly parameters: readonly (readonly [string, Document])[]
}

/** Parses a form that was sent to STS. Denial `malformed_request` for one that could be read in two ways. */
export function parseStsForm(bytes: Buffer): StsRequest {
  const { action, tree } = parseForm(textOf(bytes))
  return { action, parameters: Object.entries(tree ?? {}) }
}

/** The parameters of a task. */
const TASK = new Set(['Action', 'Version', 'RoleArn', 'RoleSessionName', 'DurationSeconds', 'Policy'])

/** What else STS takes (AWS STS API Reference), and what to do here instead. */
const INSTEAD: Readonly<Record<string, string>> = {
  PolicyArns: 'Moderato cannot read managed policies: write the permissions into Policy',
  ProvidedContexts: 'Moderato does not check assertions of others: leave it out',
  ProviderId: 'the token says who issued it: leave it out',
  SourceIdentity: 'Moderato sets it, from the identity that it verified: leave it out',
  Tags: 'session tags are set in the configuration of Moderato: leave it out',
  TransitiveTagKeys: 'session tags are set in the configuration of Moderato: leave it out',
  ExternalId: 'the external id of a role is set in the configuration of Moderato: leave it out',
  SerialNumber: 'Moderato does not check MFA devices: leave it out',
  TokenCode: 'Moderato does not check MFA devices: leave it out',
  WebIdentityToken: 'a signed request needs no token: leave it out',
}

/**
 * Returns the parameters of a task in a form of STS; `proof` is the one that holds the token, if the form has one. Denial
 * `malformed_request` for a parameter that would have no effect. SDKs write an empty list as a parameter without a value,
 * and a signature can stand beside the parameters in a query.
 */
export function taskParameters(
  { parameters }: StsRequest,
  proof?: 'WebIdentityToken',
): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {}
  for (const [name, value] of parameters) {
    if (TASK.has(name) || name === proof) {
      if (typeof value !== 'string') throw new Denial('malformed_request', `${name} must be one text.`)
      texts[name] = value
    } else if (value !== '' && !/^X-Amz-/i.test(name)) {
      const why = INSTEAD[name] ?? 'STS has no such parameter'
      throw new Denial('malformed_request', `${quoteUntrusted(name)} is not supported: ${why}.`)
    }
  }
  return texts
}
