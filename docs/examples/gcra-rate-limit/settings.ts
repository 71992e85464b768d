/** The settings of the rate limiter. */
import { readFileSync } from 'node:fs';
import {
  type ApplicationSettings,
  choiceSetting,
  integerSetting,
  readSettings,
  type Setting,
  setting,
} from '../shared/settings.ts';
import { BYTES_PER_CLIENT } from './arrival-times.ts';
import { parseNodes } from './store.ts';

const HOUR_US = 3_600_000_000;

const SETTINGS = {
  SPOA_RATE_INTERVAL: integerSetting(10_000, 1, HOUR_US, (us) => ` µs = ${perSecond(us)} requests/s`),
  SPOA_RATE_BURST: integerSetting(200_000, 1, 24 * HOUR_US, (us, { SPOA_RATE_INTERVAL: interval }) => {
    return ` µs = ${Math.floor(us / Number(interval))} in a burst`;
  }),
  SPOA_RATE_TTL: integerSetting(1_800, 1, 30 * 86_400, () => ` s until the store forgets a client`),
  SPOA_RATE_MAX_CLIENTS: integerSetting(1_000_000, 1, 20_000_000, (clients) => {
    return ` clients in memory = ${Math.ceil((clients * BYTES_PER_CLIENT) / 1e6)} MB`;
  }),
  SPOA_RATE_IPV6_PREFIX: integerSetting(64, 1, 128, () => ` bits of an IPv6 address are one client`),
  VALKEY_NODES: setting(parseNodes, ''),
  VALKEY_CA_FILE: setting((path) => (path === '' ? undefined : readFileSync(path, 'utf8')), ''),
  VALKEY_PREFIX: setting(parsePrefix, 'rate:'),
  VALKEY_DEADLINE_MS: integerSetting(8, 1, 10_000, () => ' ms, after which ON_STORE_FAILURE counts'),
  ON_STORE_FAILURE: failureSetting(),
  SHADOW: shadowSetting(),
} as const;

/** The settings of the environment. */
export type RateSettings = ApplicationSettings<typeof SETTINGS>;

/** @throws Error with a line for each invalid one. */
export function readRateSettings(): RateSettings {
  const settings = readSettings(SETTINGS);
  const { SPOA_RATE_INTERVAL: interval, SPOA_RATE_BURST: burst, SPOA_RATE_TTL: ttl } = settings;
  if (burst < interval) {
    throw new Error(`SPOA_RATE_BURST: expected at least SPOA_RATE_INTERVAL, ${interval} µs; found "${burst}"`);
  }
  if (ttl * 1_000_000 < burst) {
    throw new Error(`SPOA_RATE_TTL: expected at least SPOA_RATE_BURST, ${burst / 1e6} s; found "${ttl}"`);
  }
  return settings;
}

function perSecond(intervalUs: number): string {
  return String(Number((1e6 / intervalUs).toPrecision(3)));
}

/** Keys must be ASCII: only of these are the slots known. */
function parsePrefix(text: string): string {
  if (!/^[!-~]*$/.test(text)) throw new Error('expected visible characters of ASCII');
  return text;
}

function failureSetting(): Setting<'open' | 'closed' | 'local'> {
  const meanings = {
    open: ': allows all requests',
    closed: ': refuses all requests',
    local: ': counts in its own memory',
  };
  return { ...choiceSetting(['open', 'closed', 'local']), meaning: (mode) => meanings[mode] };
}

function shadowSetting(): Setting<boolean> {
  const { parse } = choiceSetting(['0', '1']);
  return { ...setting((text) => parse(text) === '1', '0'), meaning: (isOn) => (isOn ? ' = nobody is refused' : '') };
}
