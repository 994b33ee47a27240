/** A proxy before an upstream that records: what most tests through the wire begin with. */
import { afterAll, beforeAll } from 'vitest'
import { startProxy, type Proxy } from './proxy.ts'
import { RecordingUpstream, type Answer } from './recording-upstream.ts'

export interface RecordedProxy {
  readonly upstream: RecordingUpstream
  readonly proxy: Proxy
}

/** Both are started before the tests of the `describe` around it and stopped after them; not to be had before. */
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
