/** The query string of a presigned URL as its signature covers it. */

/** Everything but `X-Amz-Signature`, otherwise byte for byte. */
export function presignedQueryWithoutSignature(query: string): string {
  return query
    .split('&')
    .filter((pair) => !/^X-Amz-Signature(=|$)/.test(pair))
    .join('&')
}
