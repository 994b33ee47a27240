/** Names agents and tasks in the letters and lengths that STS takes, so that no two of them get the same name. Pure. */
import { hash } from 'node:crypto'

const MAX_NAME = 64
const MAX_TAG_VALUE = 256
const MARK_DIGITS = 16
/** A name that looks as if it were marked is marked too: nobody can take another one's. */
const MARKED = /-[0-9a-f]{16}$/

/** Returns a name for SourceIdentity and RoleSessionName: `[\w+=,.@-]{2,64}`, not beginning with `aws:`. */
export function sessionName(text: string): string {
  return fitted(text, /[^\w+=,.@-]/g, MAX_NAME, 2)
}

/** Returns a text for the value of a session tag. */
export function tagValue(text: string): string {
  return fitted(text, /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, MAX_TAG_VALUE, 0)
}

function fitted(text: string, unfit: RegExp, most: number, least: number): string {
  const name = text.toWellFormed().replaceAll(unfit, '-')
  if (name === text && name.length >= least && name.length <= most && !MARKED.test(name)) return name
  const mark = hash('sha256', text, 'hex').slice(0, MARK_DIGITS)
  return `${name.slice(0, most - MARK_DIGITS - 1)}-${mark}`
}
