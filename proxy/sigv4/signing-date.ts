/** Parses and formats the two spellings of a signing time. All times are in milliseconds since the epoch. */

const AMZ_DATE = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/
/** RFC 9110 5.6.7 IMF-fixdate. */
const HTTP_DATE = /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** Requests in a row mostly fall into one second, so the last result of each function is kept. */
let lastParsed: { readonly text: string; readonly timeMs: number | undefined } = {
  text: '',
  timeMs: undefined,
}
let lastFormatted = { second: Number.NaN, text: '' }

/** Parses `YYYYMMDDTHHMMSSZ`; returns undefined for any other text and for times that do not exist. */
export function parseAmzDate(text: string): number | undefined {
  if (text !== lastParsed.text) lastParsed = { text, timeMs: timeOf(text) }
  return lastParsed.timeMs
}

function timeOf(text: string): number | undefined {
  const match = AMZ_DATE.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const timeMs = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  )
  // Date.UTC carries over: the 30th of February would be the 2nd of March.
  return formatAmzDate(timeMs) === text ? timeMs : undefined
}

/** Parses a `Date` header; returns undefined for any other text and for times that do not exist. */
export function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text)) return undefined
  const timeMs = Date.parse(text)
  return !Number.isNaN(timeMs) && new Date(timeMs).toUTCString() === text ? timeMs : undefined
}

/** Formats a time as `YYYYMMDDTHHMMSSZ`, without fractions. It uses numbers: `toISOString` takes four times as long. */
export function formatAmzDate(timeMs: number): string {
  const second = Math.floor(timeMs / 1000)
  if (second !== lastFormatted.second) lastFormatted = { second, text: textOf(second * 1000) }
  return lastFormatted.text
}

function textOf(timeMs: number): string {
  const time = new Date(timeMs)
  const day = time.getUTCFullYear() * 10_000 + (time.getUTCMonth() + 1) * 100 + time.getUTCDate()
  const clock = time.getUTCHours() * 10_000 + time.getUTCMinutes() * 100 + time.getUTCSeconds()
  return `${String(day).padStart(8, '0')}T${String(clock).padStart(6, '0')}Z`
}
