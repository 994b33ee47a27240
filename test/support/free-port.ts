import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that Linux gives to clients and to `listen(0)`: nobody else is handed one of these by chance. */
const [FROM, TO] = [20_000, 32_000]

/**
 * Returns a port of 127.0.0.1 on which nothing listens: for what must know its port before it listens. Drawn at random,
 * so that test files side by side do not meet between the look and the use.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
