/** A campaign against a proxy of its own, in a process of its own, with an upstream that keeps what arrives. */
import { BUILDER } from '../support/agents.ts'
import { startProxy } from '../support/proxy.ts'
import { dynamodbCall, send } from '../support/raw-http.ts'
import { RecordingUpstream } from '../support/recording-upstream.ts'
import { Campaign, type CampaignOptions, type CampaignResult } from './campaign.ts'

export interface CampaignReport {
  readonly result: CampaignResult
  readonly memoryMiB: number
  /** The proxy still serves, and ends as asked. */
  readonly endsWell: boolean
}

export async function runCampaign(
  options: Pick<CampaignOptions, 'seed' | 'count' | 'connections' | 'mostMs' | 'onProgress'>,
): Promise<CampaignReport> {
  const upstreamKey = { accessKeyId: 'AKIAUPSTREAM', secretAccessKey: 'upstream-secret-that-no-agent-has' }
  // A busy machine stops for seconds: a connection that closed meanwhile would look like a refusal.
  const keepAliveMs = 0
  const upstream = await RecordingUpstream.start((_recorded, reply) => {
    reply.writeHead(200, { 'content-length': '2' })
    reply.end('{}')
  }, keepAliveMs)
  const limits = { replaysPerAgent: 100_000_000, inFlightPerAgent: 100_000 }
  const proxy = await startProxy({
    upstream: upstream.url,
    agents: [BUILDER],
    settings: { limits, log: { level: 'warn' } },
  })
  const result = await new Campaign({ ...options, url: proxy.url, upstream, upstreamKey }).run()
  const after = await send(proxy.url, await dynamodbCall(proxy.url, 'ListTables', {}))
  const memoryMiB = Math.round(proxy.peakMemoryBytes() / 2 ** 20)
  const clean = !proxy.log().includes('this is a bug in Moderato')
  if (!clean) console.error(proxy.log().slice(0, 20_000))
  proxy.signal('SIGTERM')
  const code = await proxy.ended
  await proxy.stop()
  await upstream.stop()
  return { result, memoryMiB, endsWell: after.status === 200 && code === 0 && clean }
}
