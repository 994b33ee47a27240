/** Reads what others publish of AWS's operations from a folder of JSON files, whatever they are called in it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { errorMessage } from '../../../core/error-message.ts'
import type { ActionNature, Opinion, Reference } from './opinion.ts'

/** One service of AWS's Service Authorization Reference: servicereference.us-east-1.amazonaws.com. */
const ServiceReference = z.object({
  Name: z.string(),
  Actions: z.array(
    z.object({
      Name: z.string(),
      Annotations: z
        .object({
          Properties: z.object({
            IsWrite: z.boolean().default(false),
            IsPermissionManagement: z.boolean().default(false),
            IsTaggingOnly: z.boolean().default(false),
          }),
        })
        .optional(),
    }),
  ),
  Operations: z
    .array(
      z.object({
        Name: z.string(),
        AuthorizedActions: z.array(z.object({ Name: z.string(), Service: z.string() })).optional(),
        SDK: z.array(z.object({ Name: z.string(), Package: z.string() })).default([]),
      }),
    )
    .default([]),
})

/** One model of aws/api-models-aws: Smithy's JSON AST. Only shapes that say something of operations are read. */
const SmithyModel = z.object({ smithy: z.string(), shapes: z.record(z.string(), z.unknown()) })
const SmithyService = z.object({
  type: z.literal('service'),
  traits: z.object({ 'aws.api#service': z.object({ sdkId: z.string() }) }),
})
const SmithyOperation = z.object({
  type: z.literal('operation'),
  traits: z
    .object({
      'smithy.api#readonly': z.unknown().optional(),
      'aws.iam#actionName': z.string().optional(),
      'aws.iam#requiredActions': z.array(z.string()).optional(),
      'aws.iam#iamAction': z
        .object({ name: z.string().optional(), requiredActions: z.array(z.string()).optional() })
        .optional(),
    })
    .default({}),
})

interface Said {
  files: number
  readonly prefixes: string[]
  readonly opinions: Opinion[]
  readonly actions: ActionNature[]
}

/**
 * Reads all JSON files below a folder. Returns one reference for each kind of file that is there. Throws if a file that
 * looks like one of them cannot be read as such, or if there is none.
 */
export function readReferences(folder: string): readonly Reference[] {
  const sar = nothingYet()
  const smithy = nothingYet()
  for (const path of jsonFiles(folder)) {
    try {
      const json: unknown = JSON.parse(readFileSync(path, 'utf8'))
      if (!isObject(json)) continue
      if ('smithy' in json) takeModel(SmithyModel.parse(json), smithy)
      else if ('Name' in json && 'Actions' in json) takeService(ServiceReference.parse(json), sar)
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : errorMessage(error)
      throw new Error(`${path}: ${why}`, { cause: error })
    }
  }
  const found = [
    { title: 'Service Authorization Reference', ...sar },
    { title: 'Smithy models of aws/api-models-aws', ...smithy },
  ].filter(({ files }) => files > 0)
  if (found.length === 0)
    throw new Error(`${folder} has no file of the Service Authorization Reference and no Smithy model`)
  return found
}

function nothingYet(): Said {
  return { files: 0, prefixes: [], opinions: [], actions: [] }
}

function jsonFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name))
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null
}

function takeService(
  { Name: prefix, Actions, Operations }: z.output<typeof ServiceReference>,
  to: Said,
): void {
  to.files += 1
  to.prefixes.push(prefix)
  for (const { Name, Annotations } of Actions) {
    if (Annotations === undefined) continue
    const { IsWrite, IsPermissionManagement, IsTaggingOnly } = Annotations.Properties
    const changes = IsWrite || IsPermissionManagement || IsTaggingOnly
    to.actions.push({ action: `${prefix}:${Name}`.toLowerCase(), changes })
  }
  for (const { Name: operation, AuthorizedActions, SDK } of Operations) {
    // Several APIs share a prefix; the name in Python's SDK is that of the model.
    const models = SDK.filter(({ Package }) => Package === 'Boto3').map((each) => each.Name)
    to.opinions.push({
      models: [...new Set(models)],
      prefix: models.length === 0 ? prefix : undefined,
      operation,
      actions: AuthorizedActions?.map(({ Service, Name }) => `${Service}:${Name}`),
      isReadOnly: undefined,
    })
  }
}

function takeModel({ shapes }: z.output<typeof SmithyModel>, to: Said): void {
  to.files += 1
  const models = Object.values(shapes).flatMap((shape) => {
    const read = SmithyService.safeParse(shape)
    return read.success ? [read.data.traits['aws.api#service'].sdkId] : []
  })
  for (const [id, shape] of Object.entries(shapes)) {
    if (!isObject(shape) || !('type' in shape) || shape.type !== 'operation') continue
    const { traits } = SmithyOperation.parse(shape)
    const operation = id.replace(/^.*#/, '')
    const action = traits['aws.iam#iamAction']
    const required = action?.requiredActions ?? traits['aws.iam#requiredActions']
    const name = action?.name ?? traits['aws.iam#actionName']
    const says = required !== undefined || name !== undefined
    to.opinions.push({
      models,
      prefix: undefined,
      operation,
      actions: says ? [`*:${name ?? operation}`, ...(required ?? [])] : undefined,
      isReadOnly: 'smithy.api#readonly' in traits ? true : undefined,
    })
  }
}
