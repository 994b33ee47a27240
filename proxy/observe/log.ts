/** The process log: pino, JSON lines on standard error, everything through the one redactor (rule S8). */
import pino, { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger } from 'pino'
import { redactText, redactValue } from './redact.ts'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

export interface LogOptions {
  readonly level?: LogLevel
  /** Standard error if not given, written synchronously so that nothing is lost when the process dies. */
  readonly destination?: DestinationStream
}

/** A logger whose messages, members and errors (with stack and cause) are redacted, child loggers' too. */
export function createLog(options: LogOptions = {}): Logger {
  const { level = 'info', destination = pino.destination({ dest: 2, sync: true }) } = options
  const log = pino(
    {
      level,
      base: null,
      // Errors come as plain objects from the redactor; pino's own serializer would dress them up again.
      serializers: { err: (error: unknown) => error },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (members) => redactMembers(members),
      },
      hooks: {
        logMethod(args, method) {
          method.apply(this, redactArguments(args) as Parameters<typeof method>)
        },
      },
    },
    destination,
  )
  // pino formats no child's bindings; they go through the redactor here.
  // oxlint-disable-next-line typescript/unbound-method -- called below with its receiver
  const { child } = log
  return Object.assign(log, {
    child(this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions): Logger {
      return Reflect.apply(child, this, [redactMembers(bindings), childOptions])
    },
  })
}

function redactMembers(members: Record<string, unknown>): Record<string, unknown> {
  return redactValue(members) as Record<string, unknown>
}

/** pino takes a missing message from the error as it is, so it is put in here, redacted. */
function redactArguments(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args
  if (typeof first === 'object' && first !== null && rest.length === 0) {
    const error = first instanceof Error ? first : 'err' in first ? first.err : undefined
    if (error instanceof Error) return [first, redactText(error.message)]
  }
  return args.map((each, index) => (typeof each === 'string' || index > 0 ? redactValue(each) : each))
}
