/** Defines the schema of the policy input. Rego is checked against it, and inputs from outside are parsed by it. */
import { z } from 'zod'

const texts = z.array(z.string()).readonly()

/** Accepts one fact: true or false, a list of values, or values by key. */
export const FactSchema = z.union([z.boolean(), texts, z.record(z.string(), texts).readonly()])

/** Accepts exactly a `PolicyInput`; a test compares the two. */
export const PolicyInputSchema = z.strictObject({
  agent: z.strictObject({ id: z.string(), root: z.string().exactOptional() }).readonly(),
  call: z
    .strictObject({
      service: z.string(),
      operation: z.string().nullable(),
      actions: texts,
      resources: texts,
      count: z.number().int().min(1),
      class: z.string(),
      classes: texts,
      traits: texts,
      accessLevel: z.string(),
      facts: z.record(z.string(), FactSchema).readonly(),
      region: z.string(),
    })
    .readonly(),
  timeSeconds: z.number().int(),
  task: z
    .strictObject({
      id: z.string(),
      scopes: z
        .array(
          z.union([
            z.strictObject({
              grants: z.array(z.strictObject({ classes: texts, resources: texts })).readonly(),
            }),
            z.strictObject({
              statements: z
                .array(
                  z.strictObject({ effect: z.enum(['Allow', 'Deny']), actions: texts, resources: texts }),
                )
                .readonly(),
            }),
          ]),
        )
        .readonly(),
    })
    .readonly()
    .exactOptional(),
  breakglass: z.strictObject({ id: z.string(), classes: texts, resources: texts }).readonly().exactOptional(),
})

/** Returns the text of `rego/schemas/input.json`. */
export function inputSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(PolicyInputSchema), undefined, 2)}\n`
}
