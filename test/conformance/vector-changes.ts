/** Every request that is one byte away from a signed one, and what makes two requests one. */
import type { WireRequest } from '../sigv4/signing.ts'
import { slowCanonical, slowHeaders } from './slow-canonical.ts'

/** What is done to one character. */
export type Edit = 'delete' | 'double' | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7

export const EVERY_EDIT: readonly Edit[] = [0, 1, 2, 3, 4, 5, 6, 7, 'delete', 'double']

function edited(char: string, edit: Edit): string {
  if (edit === 'delete') return ''
  return edit === 'double' ? char + char : String.fromCharCode(char.charCodeAt(0) ^ (1 << edit))
}

/**
 * The request with one character changed: of method, target, field names and values (of `fields` only, by names in lower case),
 * body. `editsOf` chooses the edits for the n-th place; an empty body gains a byte.
 */
export function* changesOf(
  request: WireRequest,
  fields: ReadonlySet<string>,
  editsOf: (place: number) => readonly Edit[],
): Generator<WireRequest> {
  const { method, path, query, headers, body } = request
  let place = 0
  function* around(text: string): Generator<string> {
    for (let i = 0; i < text.length; i += 1) {
      place += 1
      for (const edit of editsOf(place)) {
        yield text.slice(0, i) + edited(text[i] ?? '', edit) + text.slice(i + 1)
      }
    }
  }
  for (const changed of around(method)) yield { ...request, method: changed }
  for (const target of around(query === '' ? path : `${path}?${query}`))
    yield { ...request, ...parted(target) }
  for (let i = 0; i < headers.length; i += 1) {
    if (!fields.has((headers[i - (i % 2)] ?? '').toLowerCase())) continue
    for (const text of around(headers[i] ?? '')) yield { ...request, headers: headers.toSpliced(i, 1, text) }
  }
  for (const text of around(body.toString('latin1'))) yield { ...request, body: Buffer.from(text, 'latin1') }
  if (body.length === 0) yield { ...request, body: Buffer.from('x') }
}

/** The first `?` parts a target, wherever a change has put one. */
function parted(target: string): { readonly path: string; readonly query: string } {
  const mark = target.indexOf('?')
  return mark < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/**
 * The request in the one form that all its spellings share: everything that it has, signature and unsigned fields too,
 * by the rules of canonical requests and by nothing of the proxy's. Requests that differ here are not one request.
 */
export function meaningOf(request: WireRequest, exactPath: boolean, leftOut: readonly string[] = []): string {
  const away = new Set(leftOut.map((name) => name.toLowerCase()))
  const signedHeaders = [...slowHeaders(request.headers).keys()].filter((name) => !away.has(name)).sort()
  // Some signers put no blank behind the commas of Authorization.
  const headers = request.headers.map((text, i, all) =>
    i % 2 === 1 && /^authorization$/i.test(all[i - 1] ?? '') ? text.replaceAll(/, +/g, ',') : text,
  )
  return slowCanonical({ ...request, headers }, { signedHeaders, exactPath, leftOut })
}

/** Counts what became of changed requests. */
export class Tally {
  readonly #refused = new Map<string, number>()
  #same = 0
  /** How many were refused. */
  total = 0

  refused(reason: string): void {
    this.total += 1
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
  }

  /** Accepted, and rightly: another spelling of the same request. */
  same(): void {
    this.#same += 1
  }

  summary(): string {
    const reasons = [...this.#refused]
      .sort(([, a], [, b]) => b - a)
      .map(([reason, count]) => `${count} ${reason}`)
    return `${this.total} changes refused (${reasons.join(', ')}), ${this.#same} other spellings of the same accepted`
  }
}
