const S3_FAMILY = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts'])

/**
 * Whether a signing name is S3's or of its kin: they sign the path as it is (encoded once, not normalised), always
 * declare the payload hash, and are routed by bucket and key. One list, so that what is verified as S3 is read as S3.
 */
export function isS3Family(signingName: string): boolean {
  return S3_FAMILY.has(signingName)
}
