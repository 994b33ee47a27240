/** Values as operators write them in the configuration: durations, addresses, host names. */
import { z } from 'zod'
import { didYouMean } from '../../core/did-you-mean.ts'
import { errorMessage } from '../../core/error-message.ts'
import { parseDurationMs } from '../../pacing/rates.ts'

/** Returns the schema of a text that `parse` reads; what that throws is the finding. `what` names what is expected. */
export const parsed = <T>(parse: (text: string) => T, what: string) =>
  z
    .string({ error: ({ input }) => (input === undefined ? 'is missing' : `must be ${what}`) })
    .transform((text, context): T => {
      try {
        return parse(text)
      } catch (error) {
        context.addIssue({ code: 'custom', message: errorMessage(error) })
        return z.NEVER
      }
    })

/** A time such as `20s`, in milliseconds. */
export const durationMs = parsed(parseDurationMs, 'a duration such as 20s, 30m or 2h')

/** Returns the error of a value that is none of those that are known. */
export function unknownValue(known: readonly string[]) {
  return ({ input }: { readonly input?: unknown }) =>
    `${JSON.stringify(input)} is unknown: give ${known.join(', ')}${didYouMean(String(input), known)}`
}

/** Says what form an address has, with the port or host that was given. */
function addressForm(input: unknown): string {
  const text = String(input)
  const port = /^:?(\d{1,5})$/.exec(text)?.[1]
  if (port !== undefined)
    return `must be HOST:PORT: write 127.0.0.1:${port} for this machine alone, or 0.0.0.0:${port} for all`
  const host = /^[A-Za-z0-9.-]+$/.test(text) ? text : '127.0.0.1'
  return `must be HOST:PORT, for example ${host}:8080`
}

/** `HOST:PORT`, or `[IPV6]:PORT`. */
export const address = z
  .string({ error: ({ input }) => addressForm(input) })
  .regex(/^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, { error: ({ input }) => addressForm(input) })
  .transform((text) => {
    const colon = text.lastIndexOf(':')
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
  })
/** A DNS name, without a port. */
export const hostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'must be a DNS name in lower case, without a port',
  )
/** Returns the schema of a setting that is planned: it may not be there yet. */
export const later = (what: string) =>
  z.undefined({ error: `${what} is not built yet; remove this key` }).optional()
/** A limit: bytes, or whatever its name says. */
export const bytes = z.int().positive()
