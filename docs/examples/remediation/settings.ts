/** The settings of the bouncer, from its environment. */
import { accessSync, constants } from 'node:fs';
import { messageOf } from '../shared/message-of.ts';
import { Reloadable } from '../shared/reloadable.ts';
import {
  type ApplicationSettings,
  choiceSetting,
  integerSetting,
  listenSetting,
  readSettings,
  secretSetting,
  setting,
  type Setting,
} from '../shared/settings.ts';
import { Countries } from './countries.ts';
import { Hosts } from './hosts.ts';

const DEFINITIONS = {
  LAPI_URL: setting((text) => readUrl(text), 'http://127.0.0.1:8080/'),
  LAPI_KEY: secretSetting(),
  LAPI_CERT_PATH: fileSetting(),
  LAPI_KEY_PATH: fileSetting(),
  LAPI_CA_PATH: fileSetting(),
  LAPI_PATIENCE_S: integerSetting(10, 0, 15),
  UPDATE_FREQUENCY_S: integerSetting(10, 1, 86_400),
  COUNTRY_DB: setting((path) => (path === '' ? undefined : new Countries(path)), ''),
  HOSTS: setting((path) => new Reloadable(path, (text) => new Hosts(text)), `${import.meta.dirname}/hosts.yaml`),
  CAPTCHA_TIMEOUT_MS: integerSetting(800, 1, 60_000),
  APPSEC_URL: setting((text) => (text === '' ? '' : readUrl(text)), ''),
  APPSEC_TIMEOUT_MS: integerSetting(200, 1, 60_000),
  APPSEC_FAILURE_ACTION: choiceSetting(['allow', 'ban']),
  CHALLENGE_ADDR: listenSetting(''),
  AGENT_NAME: setting((text) => text, 'agent1'),
};

/** All settings. */
export type BouncerSettings = ApplicationSettings<typeof DEFINITIONS>;

/** Reads and prints them. @throws Error with a line for each invalid one. */
export function readBouncerSettings(): BouncerSettings {
  const settings = readSettings(DEFINITIONS);
  const { LAPI_KEY: key, LAPI_CERT_PATH: cert, LAPI_KEY_PATH: certKey } = settings;
  if ((cert === undefined) !== (certKey === undefined)) throw new Error('expected LAPI_CERT_PATH with LAPI_KEY_PATH');
  if (key === '' && cert === undefined) throw new Error('expected LAPI_KEY, or LAPI_CERT_PATH and LAPI_KEY_PATH');
  return settings;
}

/** A URL that ends with a slash, since paths are appended to it. */
function readUrl(text: string): string {
  if (!/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''))
    throw new Error('expected an http:// or https:// URL');
  return text.endsWith('/') ? text : `${text}/`;
}

/** The path of a readable file; undefined if none is set. */
function fileSetting(): Setting<string | undefined> {
  return setting((path) => {
    if (path === '') return undefined;
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw new Error(`expected a file that can be read: ${messageOf(error)}`, { cause: error });
    }
    return path;
  }, '');
}
