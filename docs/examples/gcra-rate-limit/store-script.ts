/** What the store runs for each request, in one step. */
import { createHash } from 'node:crypto';

/**
 * The same as Gcra.decide for each key in turn, by the store's own clock, so that agents whose clocks differ agree. Gives the
 * time, then what was kept of each client, from which the agent decides once more; or the time alone where it is later than
 * the agent waits: a client is never charged for what was decided without the store.
 *
 *     KEYS the clients   ARGV interval, burst in µs; ms until they are forgotten; until when the agent waits, in µs
 *
 * Numbers are whole and below 2^53, which Lua's doubles hold exactly; `tostring` would round them.
 */
export const SCRIPT: string = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {now}
if now > tonumber(ARGV[4]) then return answer end
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
for index, key in ipairs(KEYS) do
  local kept = tonumber(redis.call('GET', key) or 0) or 0
  local arrival = math.max(now, math.min(kept, now + burst))
  local next = arrival
  if arrival + interval - burst <= now then next = arrival + interval end
  if next ~= kept then redis.call('SET', key, string.format('%.0f', next), 'PX', ARGV[3]) end
  answer[index + 1] = kept
end
return answer
`;

/** By which the store knows it. */
export const SCRIPT_DIGEST: string = createHash('sha1').update(SCRIPT).digest('hex');
