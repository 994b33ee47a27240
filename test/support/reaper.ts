/**
 * Ends what a run of tests has started once its runner is gone: `reaper.ts PID MARK FOLDER`. Its standard input is a pipe of
 * the runner, which closes when that is killed, too. It has a session of its own, so that no signal to the run ends it.
 */
import { rmSync } from 'node:fs'
import { endTree } from './process-tree.ts'

const [pid = '', mark = '', folder = ''] = process.argv.slice(2)
process.stdin
  .once('close', () => {
    endTree(Number(pid), mark)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  .resume()
