/** The OpenAPI Initiative's own schema of a document, by a library that has nothing of ours. */
import { Validator } from '@seriousme/openapi-schema-validator'

export async function validate(
  document: Record<string, unknown>,
): Promise<{ valid: boolean; version: string | undefined }> {
  const validator = new Validator()
  const { valid } = await validator.validate(structuredClone(document))
  return { valid, version: validator.version }
}
