/** Event streams as the AWS SDK for JavaScript sends them: over HTTP/2, each event signed. */
import { PollyClient, StartSpeechSynthesisStreamCommand } from '@aws-sdk/client-polly'
import {
  StartStreamTranscriptionCommand,
  TranscribeStreamingClient,
} from '@aws-sdk/client-transcribe-streaming'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { frame, textsArrived } from '../sigv4/events.ts'
import { BUILDER } from '../support/agents.ts'
import { recordedProxy } from '../support/recorded.ts'

const HEARD = ['first sound', 'second sound', 'third sound']

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value)
}

/** One event of the answer, as a service sends it: unsigned. */
function event(type: string, contentType: string, body: Buffer): Buffer {
  const text = (value: string) => ({ type: 'string' as const, value })
  const headers = {
    ':message-type': text('event'),
    ':event-type': text(type),
    ':content-type': text(contentType),
  }
  return frame(headers, body)
}

describe('an event stream of the AWS SDK for JavaScript', () => {
  const running = recordedProxy()

  function options() {
    const { accessKeyId, secretAccessKey } = BUILDER
    return { endpoint: running.proxy.url, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } }
  }

  function answerWith(frames: Buffer): void {
    running.upstream.answer = (_recorded, reply: ServerResponse) => {
      reply.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
      reply.end(frames)
    }
  }

  const arrived = (service: string) => textsArrived(running.upstream.recorded.at(-1), service)

  it('of Transcribe arrives signed anew, and its answer comes back', async () => {
    const transcript = { Transcript: { Results: [{ ResultId: 'result-1' }] } }
    answerWith(event('TranscriptEvent', 'application/json', Buffer.from(JSON.stringify(transcript))))
    const client = new TranscribeStreamingClient(options())
    const sounds = HEARD.map((text) => ({ AudioEvent: { AudioChunk: Buffer.from(text) } }))
    const { TranscriptResultStream } = await client.send(
      new StartStreamTranscriptionCommand({
        LanguageCode: 'en-US',
        MediaSampleRateHertz: 16_000,
        MediaEncoding: 'pcm',
        AudioStream: each(sounds),
      }),
    )
    const results: unknown[] = []
    for await (const { TranscriptEvent } of TranscriptResultStream ?? []) {
      results.push(...(TranscriptEvent?.Transcript?.Results ?? []))
    }
    client.destroy()
    expect(results).toMatchObject([{ ResultId: 'result-1' }])
    expect(await arrived('transcribe')).toEqual([...HEARD, ''])
    const { service, actions, decision } = await running.proxy.record(
      (line) => line.operation === 'StartStreamTranscription',
    )
    expect({ service, actions, decision }).toEqual({
      service: 'transcribe',
      actions: ['transcribe:StartStreamTranscription'],
      decision: 'allow',
    })
  })

  it('of Polly arrives signed anew, and its answer comes back', async () => {
    answerWith(event('AudioEvent', 'application/octet-stream', Buffer.from('some sound')))
    const client = new PollyClient(options())
    const { EventStream } = await client.send(
      new StartSpeechSynthesisStreamCommand({
        Engine: 'generative',
        OutputFormat: 'pcm',
        VoiceId: 'Amy',
        ActionStream: each([{ TextEvent: { Text: 'Hello' } }, { CloseStreamEvent: {} }]),
      }),
    )
    const sounds: string[] = []
    for await (const { AudioEvent } of EventStream ?? []) {
      sounds.push(Buffer.from(AudioEvent?.AudioChunk ?? []).toString())
    }
    client.destroy()
    expect(sounds).toEqual(['some sound'])
    expect(await arrived('polly')).toEqual(['{"Text":"Hello"}', '{}', ''])
  })
})
