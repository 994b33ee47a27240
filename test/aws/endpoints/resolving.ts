/** Endpoints as the tests ask for them, and labels that must not get into a host. */
import type { EndpointData } from '../../../proxy/aws/endpoints/endpoint-data.ts'
import data from '../../../proxy/aws/endpoints/endpoints.json' with { type: 'json' }
import { resolveEndpoint, type EndpointQuery } from '../../../proxy/aws/endpoints/endpoints.ts'
import { Denial } from '../../../proxy/core/denial/denial.ts'

export const { partitions, services } = data as EndpointData
export const REGIONS = Object.values(partitions).flatMap(({ regions }) => regions)

export function resolve(model: string, over: Partial<EndpointQuery> = {}) {
  return resolveEndpoint({
    model,
    operation: null,
    region: 'us-east-1',
    algorithm: 'AWS4-HMAC-SHA256',
    hostPrefix: '',
    bucket: undefined,
    regions: undefined,
    ...over,
  })
}

export function refusedReason(model: string, over: Partial<EndpointQuery>): string {
  try {
    return `reached ${resolve(model, over).host}`
  } catch (error) {
    return error instanceof Denial ? error.reason : String(error)
  }
}

const HOSTILE = [
  '@',
  '/',
  '\\',
  '#',
  '?',
  '%',
  ':',
  '\n',
  '\r',
  '\0',
  ' ',
  '\u00e9',
  '\u3002',
  '\uff0e',
  'K',
  '_',
  '..',
]

/** A good label made bad, at its beginning, inside and at its end. */
export function spoilt(label: string): string[] {
  const middle = Math.floor(label.length / 2)
  return [
    '',
    '-',
    `-${label}`,
    `${label}-`,
    label.toUpperCase().replace(/^\d+$/, 'A'),
    'a'.repeat(64),
    ...HOSTILE.flatMap((each) => [
      each + label,
      label.slice(0, middle) + each + label.slice(middle),
      label + each,
      `${label}${each}evil.example`,
    ]),
  ]
}
