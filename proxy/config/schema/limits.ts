/** The part of the configuration that bounds what agents may use up; the environment may only narrow it. */
import { z } from 'zod'
import { free, LOWER, RAISE, setting } from './setting.ts'
import { bytes, durationMs } from './values.ts'

export const limits = z
  .strictObject({
    bufferedBodyBytes: setting(bytes.default(10 * 1024 * 1024), {
      doc: 'The largest body that is read whole to classify it.',
      reload: true,
      environment: LOWER,
    }),
    bufferedTotalBytes: setting(bytes.default(512 * 1024 * 1024), {
      doc: 'Body bytes held at once, over all agents; half of it at most while their senders are not verified.',
      reload: true,
      environment: LOWER,
    }),
    bufferedAgentBytes: setting(bytes.default(128 * 1024 * 1024), {
      doc: 'Body bytes held at once for one agent, and for one connection while its senders are not verified.',
      reload: true,
      environment: LOWER,
    }),
    chunkBytes: setting(bytes.default(16 * 1024 * 1024), {
      doc: 'The largest chunk of a body whose chunks are signed; it is held until its signature verifies.',
      reload: true,
      environment: LOWER,
    }),
    bodyMinBytesPerSecond: setting(bytes.default(1024), {
      doc: 'A body that stays slower is cut off.',
      reload: true,
      environment: RAISE,
    }),
    bodyPause: setting(durationMs.prefault('20s'), {
      doc: 'How long a body may stay under the minimum rate.',
      reload: true,
      environment: LOWER,
    }),
    headersTimeout: setting(durationMs.prefault('15s'), {
      doc: 'How long a request head may take.',
      environment: LOWER,
    }),
    headerBytes: setting(bytes.default(32 * 1024), { doc: 'The largest request head.', environment: LOWER }),
    connections: setting(bytes.default(10_000), {
      doc: 'Connections on the agent listener. One more closes the oldest of no verified agent, else one of the agent that has the most.',
      environment: LOWER,
    }),
    streamsPerConnection: setting(bytes.default(128), {
      doc: 'Calls under way on one HTTP/2 connection.',
      environment: LOWER,
    }),
    held: setting(bytes.default(10_000), {
      doc: 'Calls that wait for their turn, over all agents.',
      reload: true,
      environment: LOWER,
    }),
    heldPerAgent: setting(bytes.default(100), {
      doc: 'The same for one agent.',
      reload: true,
      environment: LOWER,
    }),
    inFlightPerAgent: setting(bytes.default(1_000), {
      doc: 'Calls of one agent under way at once.',
      reload: true,
      environment: LOWER,
    }),
    replaysPerAgent: setting(bytes.default(100_000), {
      doc: 'Changing calls of one agent remembered while their signature is valid; more are refused.',
      environment: LOWER,
    }),
    agentLabels: setting(bytes.default(200), {
      doc: 'Agents named in metrics; further ones are counted as other.',
      environment: free('It says what metrics name; records name every agent.'),
    }),
  })
  .prefault({})
