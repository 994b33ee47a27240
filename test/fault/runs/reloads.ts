/** Reloads of the configuration, one after another, under load. */
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { asOperator, FaultScene, type FaultRun } from './fault-run.ts'

const BURST = 10
/** What changes is the pace of another class: what is left of a changed rate is another number by itself. */
const paced = (rate: string) => ({
  classes: {
    destructive: { rate: '1/h', burst: BURST, maxWait: '0s' },
    'data-delete': { rate, burst: BURST, maxWait: '0s' },
  },
})

/** A reload gives no charge back, breaks off no call, and is in force when it says so. */
export const reloads: FaultRun = async ({ random, rounds }) => {
  const scene = await FaultScene.open()
  const { broken, upstream } = scene
  try {
    const stateDir = join(scene.folder, 'state')
    const proxy = await scene.start({ stateDir, settings: { pacing: paced('1/h') } })
    const load = { going: true, sent: 0 }
    const sender = (async () => {
      for (; load.going; load.sent += 1) {
        if ((await scene.drop(proxy)) === 0) broken.push('a call was broken off')
        await wait(5)
      }
    })()
    for (let round = 0; round < rounds; round += 1) {
      const rate = `${1 + random.below(1_000)}/h`
      proxy.reconfigure((config) => ({ ...config, pacing: paced(rate) }))
      if ((await asOperator(proxy, 'POST', '/v1/reload')) === undefined)
        broken.push(`reload ${round} was refused`)
    }
    load.going = false
    await sender
    if (upstream.recorded.length > BURST)
      broken.push(`${upstream.recorded.length} went of a burst of ${BURST}`)
    await scene.check([stateDir], [proxy])
    return { did: { reloads: rounds, calls: load.sent, forwarded: upstream.recorded.length }, broken }
  } finally {
    await scene.end()
  }
}
