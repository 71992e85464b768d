/** The script that the store runs for each request, in one step. */
import { createHash } from 'node:crypto';

/**
 * The same as Gcra.decide, by the store's own clock, so that agents whose clocks differ agree. Returns the time and the
 * client's kept time, from which the agent repeats the decision. After the agent's deadline it returns only the time, so that
 * no client is charged for a request that was decided without the store.
 *
 *     KEYS[1] the client   ARGV interval, burst in µs; ms until it is forgotten; the agent's deadline, in µs
 *
 * Numbers are whole and below 2^53, which Lua's doubles hold exactly; `tostring` would round them.
 */
export const SCRIPT: string = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[4]) then return {now} end
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = tonumber(redis.call('GET', KEYS[1]) or 0) or 0
local arrival = math.max(now, math.min(kept, now + burst))
local next = arrival
if arrival + interval - burst <= now then next = arrival + interval end
if next ~= kept then redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', ARGV[3]) end
return {now, kept}
`;

/** The script's name in the store. */
export const SCRIPT_DIGEST: string = createHash('sha1').update(SCRIPT).digest('hex');
