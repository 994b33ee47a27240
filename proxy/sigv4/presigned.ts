/** Computes the query string of a presigned URL that its signature covers. */

/** Removes `X-Amz-Signature`, and the session token if the signer adds it after signing; keeps the rest byte for byte. */
export function presignedQueryWithoutSignature(query: string, omitsSessionToken: boolean): string {
  const left = omitsSessionToken ? /^X-Amz-(?:Signature|Security-Token)(=|$)/ : /^X-Amz-Signature(=|$)/
  return query
    .split('&')
    .filter((pair) => !left.test(pair))
    .join('&')
}
