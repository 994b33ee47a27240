/** Packs a session into the shape in which it is sealed into its token. */
import { z } from 'zod'
import type { Grant, Scope, Session } from '../core/agent.ts'
import { ACTION_CLASSES } from '../core/action-class.ts'

const text = (most: number) => z.string().max(most)
const texts = z.array(z.string()).readonly()

const Packed = z.strictObject({
  s: text(64),
  a: text(256),
  r: text(256).optional(),
  t: text(64),
  n: text(256).optional(),
  j: text(64).optional(),
  k: text(128).optional(),
  o: text(2048).optional(),
  c: z.array(
    z.union([
      z.strictObject({
        g: z.array(z.tuple([z.array(z.union([z.enum(ACTION_CLASSES), z.literal('reads-secret')])), texts])),
      }),
      z.strictObject({ s: z.array(z.tuple([z.enum(['Allow', 'Deny']), texts, texts])) }),
    ]),
  ),
  p: z.array(text(64)).optional(),
  i: z.int(),
  e: z.int(),
})

/**
 * Packs a session under short names, since the token travels with every request; what is usual is left out; times are
 * in seconds.
 */
export function pack({ id, agentId, root, task, issuedAtMs, expiresAtMs }: Session): object {
  return {
    s: id,
    a: agentId,
    r: root === agentId ? undefined : root,
    t: task.id,
    n: task.intent,
    j: task.justificationHash,
    k: task.ticket,
    o: task.roleArn,
    c: task.scopes.map(packScope),
    p: task.ancestors.length === 0 ? undefined : task.ancestors,
    i: Math.floor(issuedAtMs / 1000),
    e: Math.floor(expiresAtMs / 1000),
  }
}

/** Returns the session that `pack` gave. Throws for anything else, which only a holder of the key can have made. */
export function unpack(content: unknown): Session {
  const { s, a, r = a, t, n, j, k, o, c, p = [], i, e } = Packed.parse(content)
  return {
    id: s,
    agentId: a,
    root: r,
    task: {
      id: t,
      intent: n,
      justificationHash: j,
      ticket: k,
      roleArn: o,
      scopes: c.map(unpackScope),
      ancestors: p,
    },
    issuedAtMs: i * 1000,
    expiresAtMs: e * 1000,
  }
}

function packScope(scope: Scope): object {
  if ('grants' in scope) return { g: scope.grants.map(({ classes, resources }) => [classes, resources]) }
  return { s: scope.statements.map(({ effect, actions, resources }) => [effect, actions, resources]) }
}

function unpackScope(packed: z.output<typeof Packed>['c'][number]): Scope {
  if ('g' in packed)
    return { grants: packed.g.map(([classes, resources]): Grant => ({ classes, resources })) }
  return { statements: packed.s.map(([effect, actions, resources]) => ({ effect, actions, resources })) }
}
