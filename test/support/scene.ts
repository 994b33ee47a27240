/** Starts the proxy in front of an upstream that records what arrives; both end with the test. */
import { onTestFinished } from 'vitest'
import { startProxy, type Proxy, type ProxyOptions } from './proxy.ts'
import { RecordingUpstream } from './recording-upstream.ts'

export async function startScene(
  options: ProxyOptions = {},
): Promise<{ readonly upstream: RecordingUpstream; readonly proxy: Proxy }> {
  const upstream = await RecordingUpstream.start()
  onTestFinished(() => upstream.stop())
  const proxy = await startProxy({ upstream: upstream.url, ...options })
  onTestFinished(() => proxy.stop())
  return { upstream, proxy }
}
