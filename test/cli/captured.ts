/** The streams of a verb, with what it wrote. */
import { Readable, Writable } from 'node:stream'

export function captured(stdin = '') {
  const texts = { out: '', err: '' }
  const into = (name: 'out' | 'err'): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        texts[name] += chunk.toString()
        done()
      },
    })
  return {
    io: { stdin: Readable.from([stdin]), stdout: into('out'), stderr: into('err') },
    out: () => texts.out,
    err: () => texts.err,
  }
}
