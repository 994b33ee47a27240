import { describe, expect, it } from 'vitest'
import type { Dispatcher } from 'undici'
import { ClientGone } from '../../../proxy/core/http/client-signal.ts'
import type { Resigned } from '../../../proxy/exchange/exchange.ts'
import { UpstreamRelay, type AnsweredError } from '../../../proxy/stages/forward/relay.ts'
import type { UpstreamFailure } from '../../../proxy/stages/forward/upstream-failure.ts'

type Controller = Dispatcher.DispatchController

/** A relay before a client that writes down what it gets, and what the relay says of the end. */
function scene(options: { writeHead?: () => void; judging?: Promise<void> } = {}) {
  const wire: string[] = []
  const told: string[] = []
  const errors: AnsweredError[] = []
  const failures: UpstreamFailure[] = []
  let [aborted, paused] = [undefined as unknown, 0]
  const reply = {
    sendDate: true,
    writeHead: (status: number) => {
      options.writeHead?.()
      wire.push(`head ${status}`)
    },
    flushHeaders: () => wire.push('flush'),
    write: (chunk: Buffer) => wire.push(chunk.toString()) > 0,
    end: (body?: Buffer) => wire.push(`end ${body?.toString() ?? ''}`),
    once: () => undefined,
  }
  const exchange = {
    reply,
    method: 'POST',
    client: { gone: new ClientGone() },
    call: { protocol: 'json-1.0' },
    body: { abandon: () => wire.push('abandon') },
  } as unknown as Resigned
  const relay = new UpstreamRelay(exchange, [], {
    answered(error) {
      errors.push(error)
      return options.judging
    },
    done: () => told.push('done'),
    failed: (failure) => {
      told.push('failed')
      failures.push(failure)
    },
    broke: () => told.push('broke'),
  })
  const controller = {
    rawHeaders: [],
    abort(reason: Error) {
      aborted = reason
      relay.onResponseError(undefined, reason)
    },
    pause: () => (paused += 1),
    resume: () => (paused -= 1),
  } as unknown as Controller
  const start = (status: number) => {
    relay.onRequestStart(controller)
    relay.onResponseStart(controller, status, {}, 'OK')
  }
  const data = (text: string) => relay.onResponseData(controller, Buffer.from(text))
  return { relay, controller, start, data, wire, told, errors, failures, state: () => ({ aborted, paused }) }
}

describe('UpstreamRelay', () => {
  it('takes what it cannot write for a bug of ours, never for a failure of the service', () => {
    const broken = scene({
      writeHead: () => {
        throw new TypeError('Invalid character in header content')
      },
    })
    broken.start(200)
    expect(broken.told).toEqual(['broke'])
    expect(broken.state().aborted).toBeInstanceOf(TypeError)
  })

  it('takes the same of a held error for a bug too', () => {
    const broken = scene({
      writeHead: () => {
        throw new TypeError('Invalid character in header content')
      },
    })
    broken.start(500)
    broken.relay.onResponseEnd()
    expect(broken.told).toEqual(['broke'])
  })

  it('sends nothing of an error before it is judged, and then all of it', async () => {
    const judging = Promise.withResolvers<void>()
    const { start, data, relay, wire, errors, told } = scene({ judging: judging.promise })
    start(400)
    data('{"__type":')
    data('"Throttling"}')
    expect([wire, errors]).toEqual([[], []])
    relay.onResponseEnd()
    expect([wire, errors]).toEqual([[], [{ status: 400, codes: ['Throttling'] }]])
    judging.resolve()
    await judging.promise
    await Promise.resolve()
    expect(wire).toEqual(['head 400', 'abandon', 'end {"__type":"Throttling"}'])
    expect(told).toEqual(['done'])
  })

  it('judges an error that is too long by its beginning, and relays all of it in order', () => {
    const { start, data, relay, wire, errors, state } = scene()
    start(503)
    const long = 'x'.repeat(40_000)
    for (const text of [`<Code>SlowDown</Code>${long}`, long, 'rest']) data(text)
    relay.onResponseEnd()
    expect(errors).toEqual([{ status: 503, codes: ['SlowDown'] }])
    expect(wire.join('').replaceAll('x', '')).toBe('head 503<Code>SlowDown</Code>restabandonend ')
    expect(state().paused).toBe(0)
  })

  it('says whether the call was sent, and whether an answer had begun', () => {
    const unsent = scene()
    unsent.relay.onResponseError(undefined, new Error('connect'))
    const unanswered = scene()
    unanswered.relay.onRequestStart(unanswered.controller)
    unanswered.relay.onResponseError(undefined, new Error('closed'))
    const cut = scene()
    cut.start(200)
    cut.relay.onResponseError(undefined, new Error('closed'))
    const seen = [unsent, unanswered, cut].map(({ failures }) =>
      failures.map(({ wasSent, wasAnswered }) => [wasSent, wasAnswered]),
    )
    expect(seen).toEqual([[[false, false]], [[true, false]], [[true, true]]])
  })

  it('relays an interim answer to nobody', () => {
    const { start, wire, told } = scene()
    start(103)
    expect([wire, told]).toEqual([[], []])
  })
})
