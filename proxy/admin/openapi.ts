/** Describes the admin API as OpenAPI 3.1, from the list of its routes. */
import { z } from 'zod'
import { ErrorAnswer, type AdminRoute } from './route.ts'

const ERRORS = {
  '400': 'The request is wrong.',
  '401': 'There is no valid token or certificate.',
  '403': 'The caller may not do this.',
}
const SECURITY = [{ token: [] }, { certificate: [] }]

/** Returns the whole document; `/healthz`, `/readyz` and `/metrics` are not part of the API. */
export function openApi(routes: readonly AdminRoute[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Moderato admin API',
      version: '1',
      description: 'For operators; only on the admin listener. Writes are application/json.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: SECURITY,
    paths,
    components: {
      schemas: { Error: schemaOf(ErrorAnswer, 'output') },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The admin token, or the token of a person.' },
        certificate: { type: 'mutualTLS', description: 'A certificate that admin.tls.clientCa signed.' },
      },
    },
  }
}

function operation({ method, path, needs, summary, body, query, answer }: AdminRoute): object {
  const content = answer === undefined ? {} : { content: json(schemaOf(answer, 'output')) }
  return {
    operationId: [method.toLowerCase(), ...path.split('/').slice(2)].join('-').replaceAll(/[{}]/g, ''),
    summary,
    'x-moderato-needs': needs,
    ...(needs === 'signature' ? { security: [] } : {}),
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: json(schemaOf(body, 'input')) } }),
    responses: {
      '200': { description: 'Done.', ...content },
      ...(method === 'GET' ? {} : { '204': { description: 'Done; there is nothing to say.' } }),
      ...Object.fromEntries(Object.entries(ERRORS).map(([status, text]) => [status, failure(text)])),
    },
  }
}

function failure(description: string): object {
  return { description, content: json({ $ref: '#/components/schemas/Error' }) }
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }))
}

function queryParameters(query: z.ZodType | undefined): object[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    readonly properties?: Readonly<Record<string, object>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function json(schema: object): object {
  return { 'application/json': { schema } }
}

/** Returns the JSON schema in draft 2020-12, which OpenAPI 3.1 uses. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
