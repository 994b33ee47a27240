/** Formats a refusal of the agent API: JSON with the denial table's own code and status. */
import { messageOf, waitFields, type ErrorResponse, type Refusal } from '../aws/errors/error-response.ts'
import { DENIALS } from '../core/denial/table.ts'

/** Returns the answer to a refused request: `{"code","message","requestId"}`. */
export function jsonRefusal(refusal: Refusal): ErrorResponse {
  const { reason, requestId } = refusal
  const { code, status } = DENIALS[reason]
  const body = Buffer.from(JSON.stringify({ code, message: messageOf(refusal), requestId }))
  const headers = ['content-type', 'application/json', 'content-length', String(body.length)]
  return { status, headers: [...headers, ...waitFields(refusal)], body }
}
