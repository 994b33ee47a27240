/** Creates the process log: pino, JSON lines on standard error, everything through the one redactor (rule S8). */
import pino, { type Bindings, type ChildLoggerOptions, type DestinationStream, type Logger } from 'pino'
import { logDestination } from './log-destination.ts'
import { redactText, redactValue } from './redact.ts'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

export interface LogOptions {
  readonly level?: LogLevel
  readonly destination: DestinationStream
}

/** The log of this process, on standard error. */
export interface ProcessLog {
  readonly log: Logger
  /** Returns how many lines were lost so far, because nobody read them. */
  readonly lostLines: () => number
  /** Writes what waits, as far as its reader takes it now. */
  readonly flush: () => void
}

/** Opens the log of this process. It never waits for its reader: lines that find no room are lost and counted. */
export function openLog(level: LogLevel): ProcessLog {
  let lost = 0
  const destination = logDestination({
    lost() {
      lost += 1
    },
    readAgain: (lines) => log.warn({ lines }, 'lines of the log were lost, because nobody read them in time'),
  })
  const log = createLog({ level, destination })
  return { log, lostLines: () => lost, flush: destination.flush }
}

/** Creates a logger that redacts messages, members and errors (with stack and cause), also in child loggers. */
export function createLog({ level = 'info', destination }: LogOptions): Logger {
  const log = pino(
    {
      level,
      base: null,
      // The redactor makes plain objects of errors; pino's own serializer would change them again.
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
  // pino does not format a child's bindings, so they are redacted here.
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

/** Redacts the arguments and adds a missing message: pino would take it from the error unredacted. */
function redactArguments(args: readonly unknown[]): unknown[] {
  const [first, ...rest] = args
  if (typeof first === 'object' && first !== null && rest.length === 0) {
    const error = first instanceof Error ? first : 'err' in first ? first.err : undefined
    if (error instanceof Error) return [first, redactText(error.message)]
  }
  return args.map((each, index) => (typeof each === 'string' || index > 0 ? redactValue(each) : each))
}
