/** The query string of a presigned URL as its signature covers it. */

/** Everything but `X-Amz-Signature`, and but the session token where a signer adds it afterwards; otherwise byte for byte. */
export function presignedQueryWithoutSignature(query: string, omitsSessionToken: boolean): string {
  const left = omitsSessionToken ? /^X-Amz-(?:Signature|Security-Token)(=|$)/ : /^X-Amz-Signature(=|$)/
  return query
    .split('&')
    .filter((pair) => !left.test(pair))
    .join('&')
}
