/** The proxy in front of an upstream that records what arrives. */
import { onTestFinished } from 'vitest'
import { startProxy, type Proxy, type ProxyOptions } from './proxy.ts'
import { RecordingUpstream } from './recording-upstream.ts'

export interface Scene {
  readonly upstream: RecordingUpstream
  readonly proxy: Proxy
}

export interface SceneOptions extends ProxyOptions {
  /** How the upstream answers; left out: an empty 200. */
  readonly answer?: RecordingUpstream['answer']
}

/** Starts both, for whoever ends them: `beforeAll` and `beforeEach` take `stop` as what they return. */
export async function openScene({ answer, ...options }: SceneOptions = {}): Promise<
  Scene & { readonly stop: () => Promise<void> }
> {
  const upstream = await RecordingUpstream.start(answer)
  let proxy: Proxy
  try {
    proxy = await startProxy({ upstream: upstream.url, ...options })
  } catch (error) {
    await upstream.stop()
    throw error
  }
  const stop = async (): Promise<void> => {
    await proxy.stop()
    await upstream.stop()
  }
  return { upstream, proxy, stop }
}

/** Starts both for one test: they end with it. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const { stop, ...scene } = await openScene(options)
  onTestFinished(stop)
  return scene
}
