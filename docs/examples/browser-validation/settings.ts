/** The settings of the browser validation. */
import { dirname } from 'node:path';
import { Reloadable } from '../shared/reloadable.ts';
import {
  type ApplicationSettings,
  choiceSetting,
  integerSetting,
  readSettings,
  type Setting,
  setting,
} from '../shared/settings.ts';
import { parseStoreUrl } from '../shared/store-url.ts';
import type { Difficulty } from './challenge.ts';
import { Keys } from './keys.ts';
import { List } from './list.ts';
import { BYTES_PER_NONCE } from './used-nonces.ts';

const SETTINGS = {
  KEYS: keysSetting(),
  LIST: setting(
    (path) => new Reloadable(path, (text) => new List(text, dirname(path))),
    `${import.meta.dirname}/list.txt`,
  ),
  WORK_BITS: levelsSetting('16,18,20', (text) => wholeNumber(text, 1, 32)),
  WAIT_S: levelsSetting('10,20,40', (text) => (text === 'off' ? undefined : wholeNumber(text, 1, 250))),
  COOKIE_LIFETIME_S: integerSetting(86_400, 10, 30 * 86_400),
  CHALLENGE_LIFETIME_S: integerSetting(300, 10, 3_600),
  MAX_USED: integerSetting(1_000_000, 1, 20_000_000, (count) => {
    return ` solutions within one lifetime of a challenge = ${Math.ceil((count * BYTES_PER_NONCE) / 1e6)} MB or twice that`;
  }),
  VALKEY_URL: setting(
    (text) => (text === '' ? undefined : parseStoreUrl(text, 'a URL such as redis://user:password@host:6379')),
    '',
  ),
  VALKEY_PREFIX: setting((text) => text, 'bv:'),
  VALKEY_DEADLINE_MS: integerSetting(50, 1, 10_000),
  ON_STORE_FAILURE: choiceSetting(['local', 'closed']),
  PROCESSING_TIMEOUT_MS: integerSetting(100, 1, 60_000),
} as const;

/** The settings of the environment. */
export type ValidationSettings = ApplicationSettings<typeof SETTINGS> & {
  /** By level, from 1 on. */
  readonly difficulties: readonly Difficulty[];
};

/** @throws Error with a line for each invalid one. */
export function readValidationSettings(): ValidationSettings {
  const settings = readSettings(SETTINGS);
  const difficulties = settings.WORK_BITS.map((bits, index) => ({ bits, waitS: settings.WAIT_S[index] }));
  if (difficulties.some(({ waitS = 0 }) => waitS >= settings.CHALLENGE_LIFETIME_S)) {
    throw new Error(`WAIT_S: expected less than CHALLENGE_LIFETIME_S, ${settings.CHALLENGE_LIFETIME_S} s`);
  }
  return { ...settings, difficulties };
}

function keysSetting(): Setting<Reloadable<Keys> | { readonly value: Keys; reloadOnHangUp(): void }> {
  return {
    byDefault: '',
    parse: (path) => {
      if (path !== '') return new Reloadable(path, (text) => new Keys(text));
      return { value: Keys.makeRandom(), reloadOnHangUp: () => {} };
    },
    meaning: (keys) =>
      keys instanceof Reloadable ? '' : ' = a random key: no cookie survives a restart, or counts for another agent',
  };
}

/** Three values, separated by commas, for the levels 1 to 3. */
function levelsSetting<T>(byDefault: string, parseOne: (text: string) => T): Setting<readonly T[]> {
  const parse = (text: string): readonly T[] => {
    const parts = text.split(',');
    if (parts.length !== 3) throw new Error('expected three values with commas between them, for the levels 1 to 3');
    return parts.map((part) => parseOne(part.trim()));
  };
  return setting(parse, byDefault);
}

function wholeNumber(text: string, min: number, max: number): number {
  return integerSetting(min, min, max).parse(text);
}
