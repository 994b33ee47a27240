/** The console's files, as they are. They hold no data: who opens them still has to show a token to the API. */
import { readFileSync } from 'node:fs'

export interface Page {
  readonly type: string
  readonly text: string
}

/** Only what comes from this origin, no inline script or style, nothing framed, nothing made into markup. */
export const CONSOLE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console.js': ['console.js', 'text/javascript; charset=utf-8'],
  '/console.css': ['console.css', 'text/css; charset=utf-8'],
} as const

/** By path. */
export const CONSOLE: ReadonlyMap<string, Page> = new Map(
  Object.entries(FILES).map(([path, [file, type]]) => [
    path,
    { type, text: readFileSync(new URL(`console/${file}`, import.meta.url), 'utf8') },
  ]),
)
