/** Serves the console's files. They hold no data: the console still needs a token for the API. */
import { readFileSync } from 'node:fs'

export interface Page {
  readonly type: string
  readonly text: string
}

/** Allows only content of this origin: no inline script or style, no frames, no text turned into markup. */
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

/** Maps a path to its page. */
export const CONSOLE: ReadonlyMap<string, Page> = new Map(
  Object.entries(FILES).map(([path, [file, type]]) => [
    path,
    { type, text: readFileSync(new URL(`console/${file}`, import.meta.url), 'utf8') },
  ]),
)
