/** What a bucket's name says of it. */

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Endings that S3 gives to other things than general purpose buckets, and to aliases of access points. */
const OTHER_THINGS = ['--x-s3', '--xa-s3', '--ol-s3', '--op-s3', '--table-s3']

/** Whether S3 could have given this name: a bucket, or an alias (S3 user guide, "Bucket naming rules"). */
export function isBucketName(name: string): boolean {
  const wellFormed =
    name.length >= 3 && name.length <= 63 && name.split('.').every((label) => LABEL.test(label))
  return wellFormed && !/^\d+\.\d+\.\d+\.\d+$/.test(name)
}

/** Whether it is a directory bucket, or an access point of one, of Object Lambda or of Outposts. */
export function isOtherThing(name: string): boolean {
  return OTHER_THINGS.some((ending) => name.endsWith(ending))
}

/** Whether it is the alias of a multi-region access point. */
export function isMultiRegion(name: string): boolean {
  return name.endsWith('.mrap')
}

/** Whether it names a bucket that can be told by it: an alias stands for a bucket, or several, that only S3 knows. */
export function isGeneralPurpose(name: string): boolean {
  return isBucketName(name) && !isOtherThing(name) && !isMultiRegion(name) && !name.endsWith('-s3alias')
}
