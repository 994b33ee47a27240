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
 * KEYS: since, latest, live, then each bucket and its interval; ARGV: reserveWithinMs, longestReserveMs, then interval,
 * burst, weight and usual interval for each bucket.
 * Answers { kind, index of the limiting charge, turn, now }.
 *
 * A bucket that nobody charged is full, and its key is gone. Hence `since`: where it lacks too, everything is gone
 * that was there when this process began, and every bucket starts empty. `latest` is the latest time that was seen
 * here. While it is ahead, the server's clock was set back: a TAT from before, further ahead than this charge could put
 * it, is cut, so that the bucket refills. Otherwise only one is cut that the slowest pace of this rule could not make:
 * what an agent owes from when it was slower than this charge is owed. `live` has the names of the buckets that are not
 * full, by their TATs: they are shown to operators, and decide nothing. What is owed is kept in the terms of the usual
 * interval, and converted when that is another, as `convertedTatMs` does. Older versions of Moderato keep no interval.
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
  local function put(at, tat, usual)
    local kept = math.max(1, math.ceil(tat - now))
    redis.call('SET', KEYS[at], exact(tat), 'PX', kept)
    redis.call('SET', KEYS[at + 1], usual, 'PX', kept)
    redis.call('ZADD', KEYS[3], exact(tat), KEYS[at])
  end
  local tats, turn, limiting = {}, now, 0
  for i = 4, #KEYS, 2 do
    local arg = i * 2 - 5
    local interval, burst, weight = tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
    local usual, from = tonumber(ARGV[arg + 3]), tonumber(redis.call('GET', KEYS[i + 1]))
    local tat = tonumber(redis.call('GET', KEYS[i]))
    if tat and tat > now and from ~= usual then
      if from and from > 0 then tat = now + math.ceil((tat - now) / from * usual * 1024) / 1024 end
      put(i, tat, ARGV[arg + 3])
    end
    if not tat then tat = since > 0 and since + burst * interval or 0 end
    local furthest = now + burst * interval + tonumber(ARGV[2])
    if tat > furthest and (setBack or tat > now + 1000 * burst * interval + tonumber(ARGV[2])) then
      tat = furthest
      put(i, tat, ARGV[arg + 3])
    end
    tats[i] = tat
    local at = tat - (burst - weight) * interval
    if at > turn then turn, limiting = at, (i - 4) / 2 end
  end
  if turn <= now + tonumber(ARGV[1]) then
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', exact(now))
    for i = 4, #KEYS, 2 do
      local arg = i * 2 - 5
      put(i, math.max(tats[i], turn) + tonumber(ARGV[arg + 2]) * tonumber(ARGV[arg]), ARGV[arg + 3])
    end
  end
  return { turn > now and 'at' or 'now', limiting, exact(turn), exact(now) }
`

/** KEYS: live; ARGV: most. Answers { now, how many are live, then name and TAT of each, the latest first }. */
const LIVE = `
  local answer = { exact(now), redis.call('ZCOUNT', KEYS[1], '(' .. exact(now), '+inf') }
  local latest = redis.call('ZREVRANGEBYSCORE', KEYS[1], '+inf', '(' .. exact(now), 'WITHSCORES', 'LIMIT', 0, ARGV[1])
  for i = 1, #latest do answer[i + 2] = latest[i] end
  return answer
`

/**
 * KEYS: ids of the call's signature, the agent's calls, then the ledger's epoch and counter; ARGV: invocation, member, 1
 * within its second, keptMs, perAgent, then epoch and revision that the caller knows, or ''. `another`: this is not the
 * data that the caller judged the call by, so its freezes and revocations may be others.
 */
const CLAIM = `
  if ARGV[6] ~= '' then
    if redis.call('GET', KEYS[3]) ~= ARGV[6] then return 'another' end
    if (tonumber(redis.call('GET', KEYS[4]) or '0') or 0) < tonumber(ARGV[7]) then return 'another' end
  end
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
 * KEYS: counter, entries, revisions, expiries, epoch, head; ARGV: epoch and revision that the caller knows, head, number
 * of names to forget, those names, then name, text, and expiry or '' of each entry. Answers 1; 0 if the ledger stands
 * elsewhere. Older versions of Moderato forget by the expiries.
 */
const WRITE = `
  if redis.call('GET', KEYS[5]) ~= ARGV[1] then return 0 end
  local last = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
  if last ~= tonumber(ARGV[2]) then return 0 end
  local first = 5 + tonumber(ARGV[4])
  for i = 5, first - 1 do
    redis.call('HDEL', KEYS[2], ARGV[i])
    redis.call('ZREM', KEYS[3], ARGV[i])
    redis.call('ZREM', KEYS[4], ARGV[i])
  end
  for i = first, #ARGV, 3 do
    last = last + 1
    redis.call('SET', KEYS[1], string.format('%.0f', last))
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    redis.call('ZADD', KEYS[3], last, ARGV[i])
    if ARGV[i + 2] == '' then redis.call('ZREM', KEYS[4], ARGV[i]) else redis.call('ZADD', KEYS[4], ARGV[i + 2], ARGV[i]) end
  end
  redis.call('SET', KEYS[6], ARGV[3])
  return 1
`

/**
 * KEYS as for WRITE, then TAKE's `since`; ARGV: epoch and revision that the caller knows, and a new epoch for a server
 * that has none. Answers { epoch, last revision, head, 1 if these are all entries, then name, revision and text of each
 * newer entry }. It is asked all the time, so it also notes early that a server lost all it had.
 */
const SINCE = `
  redis.call('SET', KEYS[7], exact(now), 'NX')
  local epoch = redis.call('GET', KEYS[5])
  if not epoch then
    epoch = ARGV[3]
    redis.call('SET', KEYS[5], epoch)
  end
  local last = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
  local whole = epoch ~= ARGV[1] or tonumber(ARGV[2]) > last
  local answer = { epoch, last, redis.call('GET', KEYS[6]) or '', whole and 1 or 0 }
  if not whole and last == tonumber(ARGV[2]) then return answer end
  local newer = redis.call('ZRANGEBYSCORE', KEYS[3], whole and '-inf' or '(' .. ARGV[2], '+inf', 'WITHSCORES')
  for i = 1, #newer, 2 do
    answer[#answer + 1] = newer[i]
    answer[#answer + 1] = newer[i + 1]
    answer[#answer + 1] = redis.call('HGET', KEYS[2], newer[i]) or ''
  end
  return answer
`

/** KEYS: notes; ARGV: name, and the text to be kept. Answers the text that is kept, or ''. */
const NOTE = `
  if ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
  return redis.call('HGET', KEYS[1], ARGV[1]) or ''
`

export type ScriptName = 'take' | 'live' | 'claim' | 'claimed' | 'release' | 'write' | 'since' | 'note'

/** Returns the scripts, in time as `time` tells it: Lua that sets `now`. */
export function scriptsIn(time: string): Readonly<Record<ScriptName, string>> {
  const clocked = `${time}${SHARED}`
  return {
    take: clocked + TAKE,
    live: clocked + LIVE,
    claim: clocked + CLAIM,
    claimed: CLAIMED,
    release: RELEASE,
    write: WRITE,
    since: clocked + SINCE,
    note: NOTE,
  }
}
