/** Tells what kind of S3 resource a bucket name stands for. */

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
/** Lists the endings of names that are not general purpose buckets, and of aliases of access points. */
const OTHER_THINGS = ['--x-s3', '--xa-s3', '--ol-s3', '--op-s3', '--table-s3']

/** Tells whether S3 allows this name for a bucket or an alias (S3 user guide, "Bucket naming rules"). */
export function isBucketName(name: string): boolean {
  const wellFormed =
    name.length >= 3 && name.length <= 63 && name.split('.').every((label) => LABEL.test(label))
  return wellFormed && !/^\d+\.\d+\.\d+\.\d+$/.test(name)
}

/** Tells whether it is a directory bucket, or an access point of one, of Object Lambda or of Outposts. */
export function isOtherThing(name: string): boolean {
  return OTHER_THINGS.some((ending) => name.endsWith(ending))
}

/** Tells whether it is the alias of a multi-region access point. */
export function isMultiRegion(name: string): boolean {
  return name.endsWith('.mrap')
}

/** Tells whether it names one bucket for certain: an alias stands for one or several buckets that only S3 knows. */
export function isGeneralPurpose(name: string): boolean {
  return isBucketName(name) && !isOtherThing(name) && !isMultiRegion(name) && !name.endsWith('-s3alias')
}
