/** Reads a tar archive in memory, as far as the bundles of `opa build` need it. */

const BLOCK_BYTES = 512

/** Returns regular files by name, without a leading `/` or `./`. Throws if the archive is truncated or a size is no number. */
export function readTar(archive: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>()
  let at = 0
  while (at + BLOCK_BYTES <= archive.length && archive[at] !== 0) {
    const name = text(archive, at, 100)
    const prefix = text(archive, at + 345, 155)
    const sizeBytes = Number.parseInt(text(archive, at + 124, 12).trim() || '0', 8)
    const type = text(archive, at + 156, 1)
    const start = at + BLOCK_BYTES
    if (!(sizeBytes >= 0) || start + sizeBytes > archive.length)
      throw new Error('the tar archive is truncated')
    if (type === '' || type === '0') {
      const path = prefix === '' ? name : `${prefix}/${name}`
      files.set(path.replace(/^\.?\/+/, ''), archive.subarray(start, start + sizeBytes))
    }
    at = start + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES
  }
  return files
}

function text(archive: Buffer, start: number, lengthBytes: number): string {
  const zero = archive.indexOf(0, start)
  const end = start + lengthBytes
  return archive.toString('utf8', start, zero >= start && zero < end ? zero : end)
}
