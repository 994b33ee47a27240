/** `kill -9` under load, again and again, on one state folder. */
import { join } from 'node:path'
import { sent, asOperator, FaultScene, type FaultRun } from './fault-run.ts'

const AT_ONCE = 24
/** Enough for most rounds to forward something, and too little for all of their calls. */
const PER_ROUND = 10

/** 0 changes without a record, 0 twice, 0 refills, no freeze lost, and the log verifies. */
export const kills: FaultRun = async ({ random, rounds }) => {
  const scene = await FaultScene.open()
  const { upstream, broken } = scene
  const stateDir = join(scene.folder, 'state')
  const burst = PER_ROUND * (rounds + 2)
  const pacing = { classes: { destructive: { rate: '1/h', burst, maxWait: '0s' } } }
  const start = () => scene.start({ stateDir, settings: { pacing } })
  let copies = 0
  try {
    for (let round = 0; round < rounds; round += 1) {
      const proxy = await start()
      const agents = [`nobody-${round}`]
      const frozen = await asOperator(proxy, 'POST', '/v1/freeze', { agents, reason: 'a fault run' })
      if (frozen === undefined) broken.push(`round ${round}: a freeze was not taken`)
      const copied = await scene.signDrop(proxy)
      const isForwarded = (await sent(proxy, copied)) === 200
      const [already, killAfter] = [upstream.recorded.length, random.below(12)]
      upstream.answer = (_, reply) => {
        if (upstream.recorded.length >= already + killAfter) proxy.signal('SIGKILL')
        reply.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}')
      }
      await Promise.all(Array.from({ length: AT_ONCE }, () => scene.drop(proxy)))
      await scene.kill(proxy)
      const again = await start()
      if (isForwarded) {
        copies += 1
        if ((await sent(again, copied)) === 200) broken.push(`round ${round}: a copy was forwarded again`)
      }
      const { freezes = [] } = ((await asOperator(again, 'GET', '/v1/freeze')) ?? {}) as {
        freezes?: { scope: { agents?: string[] } }[]
      }
      if (freezes.length !== round + 1) broken.push(`round ${round}: ${freezes.length} freezes are left`)
      await scene.kill(again)
    }
    const last = await start()
    while ((await scene.drop(last)) === 200);
    if (upstream.recorded.length > burst)
      broken.push(`${upstream.recorded.length} went of a burst of ${burst}`)
    await scene.stop(last)
    const reader = await start()
    await scene.check([stateDir], [reader])
    return { did: { kills: 2 * rounds, copies, forwarded: upstream.recorded.length }, broken }
  } finally {
    await scene.end()
  }
}
