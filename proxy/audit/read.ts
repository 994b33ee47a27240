/** Reads an audit log line by line, however long it is. */
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { segmentName, segmentNumbers } from './chain.ts'

/** Yields the lines of all segments in order, also a torn one. Rejects if the folder cannot be read. */
export async function* readAudit(dir: string): AsyncGenerator<string> {
  for (const number of segmentNumbers(await readdir(dir))) {
    // A record is JSON, which holds no line feed or carriage return of its own.
    yield* createInterface({ input: createReadStream(join(dir, segmentName(number))), crlfDelay: Infinity })
  }
}
