const S3_FAMILY = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts'])

/**
 * Tells whether a signing name belongs to S3 or a related service. They sign the path as it is (encoded once, not
 * normalised), always declare the payload hash, and are routed by bucket and key. There is one list, so that what is
 * verified as S3 is also read as S3.
 */
export function isS3Family(signingName: string): boolean {
  return S3_FAMILY.has(signingName)
}
