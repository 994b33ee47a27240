/** Answers a connection that has no request: as text, because the protocol of the service is not known. */

/** Returns a whole answer that ends the connection, with further `fields` (`name: value`). */
export function textAnswer(status: string, words: string, fields: readonly string[] = []): string {
  const body = `${words}\n`
  const type = 'content-type: text/plain; charset=utf-8'
  const length = `content-length: ${Buffer.byteLength(body)}`
  return [`HTTP/1.1 ${status}`, ...fields, type, length, 'connection: close', '', body].join('\r\n')
}

const STATUS_BY_CODE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Returns the status for an error of Node's parser, as Node itself would. */
export function statusOfParserError(code: string): string {
  return STATUS_BY_CODE[code] ?? '400 Bad Request'
}
