/** The part of the configuration that describes services which are not AWS's own. */
import { z } from 'zod'
import { EXECUTE_API } from '../../aws/private/operations.ts'
import { labelsOf, PATH_TEMPLATE, pathShape } from '../../aws/private/paths.ts'
import { ACTION_CLASSES, TRAITS } from '../../core/action-class.ts'
import { hostName } from './values.ts'
import { isS3Family } from '../../core/s3-family.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** Lists the classes that a call may be given: `unknown` stands where none is given. */
const SAYABLE = ACTION_CLASSES.filter((name) => name !== 'unknown')
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

const operation = z
  .strictObject({
    name: z.string().regex(/^\w{1,64}$/, 'must be letters, digits and _, as in DeleteOrder'),
    method: z.enum(METHODS),
    path: z
      .string()
      .max(512)
      .regex(
        PATH_TEMPLATE,
        'must be as in /orders/{id} or /files/{rest+}, below basePath, with no slash at its end',
      ),
    classes: z.array(z.enum(SAYABLE)).min(1),
    traits: z.array(z.enum(TRAITS)).optional(),
    query: z.array(z.string().min(1)).default([]),
    action: z
      .string()
      .regex(/^[a-z0-9-]+:\w+$/, 'must be an IAM action, as in execute-api:Invoke')
      .optional(),
    resources: z
      .array(z.string().regex(/^arn:[^\s$]+$/, 'must be an ARN, with labels of the path as in {id}'))
      .min(1)
      .optional(),
  })
  .superRefine(({ path, resources = [] }, context) => {
    const known = labelsOf(path)
    if (new Set(known).size < known.length)
      context.addIssue({ code: 'custom', path: ['path'], message: 'has a label twice' })
    for (const [index, each] of resources.entries()) {
      const other = labelsOf(each).find((name) => !known.includes(name))
      if (other === undefined) continue
      const allowed = known.length === 0 ? 'the path has none' : `the path has ${known.join(', ')}`
      context.addIssue({
        code: 'custom',
        path: ['resources', index],
        message: `has no value for {${other}}: ${allowed}`,
      })
    }
  })

export const privateService = z
  .strictObject({
    name: z.string().regex(LABEL, 'must be lower-case letters, digits and -'),
    signingName: z
      .string()
      .regex(LABEL, 'must be lower-case letters, digits and -, as in execute-api')
      .refine(
        (name) => !isS3Family(name) && name !== 'moderato',
        'may not be one of S3 or of Moderato itself',
      )
      .default(EXECUTE_API),
    region: z.string().regex(LABEL, 'must be a region, as in eu-central-1'),
    hosts: z.array(hostName).min(1),
    origin: z.string().optional(),
    api: z
      .string()
      .regex(
        /^[a-z0-9]{1,32}\/(?:\w[\w-]{0,127}|\$default)$/,
        'must be API/STAGE, as in a1b2c3d4e5/prod or a1b2c3d4e5/$default',
      )
      .optional(),
    basePath: z
      .string()
      .regex(/^\/(?:[\w.~$-]+(?:\/[\w.~$-]+)*)?$/, 'must be as in /prod, or / for none')
      .optional(),
    operations: z.array(operation).min(1),
  })
  .superRefine(({ signingName, api, operations }, context) => {
    if (signingName === EXECUTE_API && api === undefined)
      context.addIssue({
        code: 'custom',
        path: ['api'],
        message: 'must be API/STAGE: services signed for execute-api have one',
      })
    if (signingName !== EXECUTE_API && api !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['api'],
        message: 'is only for services signed for execute-api',
      })
    const seen = new Set<string>()
    for (const [index, { name, method, path }] of operations.entries()) {
      for (const [member, key] of [
        ['name', name],
        ['path', `${method} ${pathShape(path)}`],
      ] as const) {
        if (seen.has(key))
          context.addIssue({ code: 'custom', path: ['operations', index, member], message: 'stands twice' })
        seen.add(key)
      }
    }
  })
