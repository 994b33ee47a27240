/** Says how large an audit log is. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { segmentName, segmentNumbers } from './chain.ts'

/** Returns the bytes of all segments of a log's folder. Rejects if it cannot be read. */
export async function bytesOfLog(dir: string): Promise<number> {
  const numbers = segmentNumbers(await readdir(dir))
  const files = await Promise.all(numbers.map((each) => stat(join(dir, segmentName(each)))))
  return files.reduce((sum, { size }) => sum + size, 0)
}
