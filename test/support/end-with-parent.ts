/**
 * Loaded before the program of a child process (`--import`), whose standard input is a pipe of its parent: ends the child as
 * soon as the parent is gone, however it went. A program that nobody watches any more must not run on.
 */
process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL')).resume()
// It keeps no program alive that has ended its work.
if ('unref' in process.stdin) process.stdin.unref()
