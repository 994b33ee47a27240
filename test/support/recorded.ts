/** Starts a proxy in front of an upstream that records, for a group of end-to-end tests. */
import { afterAll, beforeAll } from 'vitest'
import { startProxy, type Proxy } from './proxy.ts'
import { RecordingUpstream, type Answer } from './recording-upstream.ts'

export interface RecordedProxy {
  readonly upstream: RecordingUpstream
  readonly proxy: Proxy
}

/** Starts both before the tests of the `describe` around it, and stops them after; do not read them earlier. */
export function recordedProxy(answer?: Answer): RecordedProxy {
  const running: { upstream?: RecordingUpstream; proxy?: Proxy } = {}
  beforeAll(async () => {
    running.upstream = await RecordingUpstream.start(answer)
    running.proxy = await startProxy({ upstream: running.upstream.url })
  })
  afterAll(async () => {
    await running.proxy?.stop()
    await running.upstream?.stop()
  })
  return running as RecordedProxy
}
