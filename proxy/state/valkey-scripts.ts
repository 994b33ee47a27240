/**
 * Holds the scripts that run inside the Valkey server: one for each decision, so one round trip and one atomic step.
 *
 * Numbers travel as text with 17 digits, of which a double is made exactly. Bucket times are multiples of 1/1024 ms,
 * as in `gcra.ts`. The arithmetic is that of `gcra.ts` and `schedule.ts`; the contract tests hold them together.
 */

/** Reads the server's own time in milliseconds: the one clock that all replicas have in common. */
export const SERVER_TIME = `
  local clock = redis.call('TIME')
  local now = clock[1] * 1000 + clock[2] / 1000
`
const SHARED = `
  now = math.floor(now * 1024) / 1024
  local function exact(number) return string.format('%.17g', number) end
`

/**
 * KEYS: since, latest, bucket...; ARGV: reserveWithinMs, longestReserveMs, then interval, burst, weight for each bucket.
 * Answers { kind, index of the limiting charge, turn, now }.
 *
 * A bucket that nobody charged is full, and its key is gone. Hence `since`: where it lacks too, everything is gone
 * that was there when this process began, and every bucket starts empty. `latest` is the latest time that was seen
 * here. While it is ahead, the server's clock was set back: a TAT from before, further ahead than this charge could put
 * it, is cut, so that the bucket refills. Otherwise only one is cut that the slowest pace of this rule could not make:
 * what an agent owes from when it was slower than this charge is owed.
 */
const TAKE = `
  local since = tonumber(redis.call('GET', KEYS[1]))
  if not since or since > now then
    since = now
    redis.call('SET', KEYS[1], exact(now))
  end
  local latest = tonumber(redis.call('GET', KEYS[2]) or '0')
  if latest < now then redis.call('SET', KEYS[2], exact(now)) end
  local setBack = latest > now + 1000
  local function put(key, tat) redis.call('SET', key, exact(tat), 'PX', math.max(1, math.ceil(tat - now))) end
  local tats, turn, limiting = {}, now, 0
  for i = 3, #KEYS do
    local interval, burst, weight = tonumber(ARGV[i * 3 - 6]), tonumber(ARGV[i * 3 - 5]), tonumber(ARGV[i * 3 - 4])
    local tat = tonumber(redis.call('GET', KEYS[i]))
    if not tat then tat = since > 0 and since + burst * interval or 0 end
    local furthest = now + burst * interval + tonumber(ARGV[2])
    if tat > furthest and (setBack or tat > now + 1000 * burst * interval + tonumber(ARGV[2])) then
      tat = furthest
      put(KEYS[i], tat)
    end
    tats[i] = tat
    local at = tat - (burst - weight) * interval
    if at > turn then turn, limiting = at, i - 3 end
  end
  if turn <= now + tonumber(ARGV[1]) then
    for i = 3, #KEYS do
      put(KEYS[i], math.max(tats[i], turn) + tonumber(ARGV[i * 3 - 4]) * tonumber(ARGV[i * 3 - 6]))
    end
  end
  return { turn > now and 'at' or 'now', limiting, exact(turn), exact(now) }
`

/**
 * KEYS: ids of the call's signature, the agent's calls; ARGV: invocation, member, 1 within its second, keptMs, perAgent.
 */
const CLAIM = `
  local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', exact(now), 'LIMIT', 0, 16)
  if #old > 0 then redis.call('ZREM', KEYS[2], unpack(old)) end
  if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 'replayed' end
  if ARGV[3] ~= '1' and redis.call('EXISTS', KEYS[1]) == 1 then return 'replayed' end
  if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return 'full' end
  local kept = math.ceil(tonumber(ARGV[4])) + 1
  redis.call('SADD', KEYS[1], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], math.max(kept, redis.call('PTTL', KEYS[1])))
  redis.call('ZADD', KEYS[2], exact(now + kept), ARGV[2])
  redis.call('PEXPIRE', KEYS[2], math.max(kept, redis.call('PTTL', KEYS[2])))
  return 'claimed'
`

/** Reads as CLAIM does, and claims nothing. KEYS: ids of the call's signature; ARGV: invocation, 1 within its second. */
const CLAIMED = `
  if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return 1 end
  if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
  return 0
`

/** Ends a claim. KEYS as for CLAIM; ARGV: invocation, member. */
const RELEASE = `
  redis.call('SREM', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[2])
  return 1
`

/**
 * KEYS: counter, entries, revisions, expiries; ARGV: name, text of the entry, expected or '', expiry or '', keptMs, known.
 * Answers the new revision, 0 if another was first, -1 if less is here than the caller knows.
 */
const WRITE = `
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  if last < tonumber(ARGV[6]) then return -1 end
  local over = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', exact(now - tonumber(ARGV[5])), 'LIMIT', 0, 8)
  for _, name in ipairs(over) do
    redis.call('HDEL', KEYS[2], name)
    redis.call('ZREM', KEYS[3], name)
    redis.call('ZREM', KEYS[4], name)
  end
  local known = redis.call('ZSCORE', KEYS[3], ARGV[1])
  local expiry = redis.call('ZSCORE', KEYS[4], ARGV[1])
  if expiry and tonumber(expiry) < now - tonumber(ARGV[5]) then known = false end
  if ARGV[3] ~= '' and known and tonumber(known) ~= tonumber(ARGV[3]) then return 0 end
  local revision = redis.call('INCR', KEYS[1])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[3], revision, ARGV[1])
  if ARGV[4] == '' then redis.call('ZREM', KEYS[4], ARGV[1]) else redis.call('ZADD', KEYS[4], ARGV[4], ARGV[1]) end
  return revision
`

/**
 * KEYS as for WRITE, then TAKE's `since`; ARGV: revision. Answers { last revision, then name, revision and text of each
 * newer entry }. It is asked all the time, so it also notes early that a server lost all it had.
 */
const SINCE = `
  redis.call('SET', KEYS[5], exact(now), 'NX')
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  local answer = { last }
  if last == tonumber(ARGV[1]) then return answer end
  local newer = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[1], '+inf', 'WITHSCORES')
  for i = 1, #newer, 2 do
    answer[#answer + 1] = newer[i]
    answer[#answer + 1] = newer[i + 1]
    answer[#answer + 1] = redis.call('HGET', KEYS[2], newer[i]) or ''
  end
  return answer
`

/**
 * Puts back what a server lost that replicas still know. KEYS as for WRITE; ARGV: last revision, then name, text,
 * expiry or '', and revision of each entry. An entry that is there already is kept if it is newer.
 */
const RESTORE = `
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  if last < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
  for i = 2, #ARGV, 4 do
    local known = tonumber(redis.call('ZSCORE', KEYS[3], ARGV[i]) or '0')
    if known < tonumber(ARGV[i + 3]) then
      redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
      redis.call('ZADD', KEYS[3], ARGV[i + 3], ARGV[i])
      if ARGV[i + 2] ~= '' then redis.call('ZADD', KEYS[4], ARGV[i + 2], ARGV[i]) end
    end
  end
  return 1
`

export type ScriptName = 'take' | 'claim' | 'claimed' | 'release' | 'write' | 'since' | 'restore'

/** Returns the scripts, in time as `time` tells it: Lua that sets `now`. */
export function scriptsIn(time: string): Readonly<Record<ScriptName, string>> {
  const clocked = `${time}${SHARED}`
  return {
    take: clocked + TAKE,
    claim: clocked + CLAIM,
    claimed: CLAIMED,
    release: RELEASE,
    write: clocked + WRITE,
    since: clocked + SINCE,
    restore: RESTORE,
  }
}
