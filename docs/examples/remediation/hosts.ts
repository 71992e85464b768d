/** The settings of each host, in the YAML of CrowdSec's bouncer. */
import { matchesGlob } from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { isRecord, parseDuration } from './decision.ts';

/** Services that tell people from programs, each with the API that all of them have in common. */
const PROVIDERS = {
  hcaptcha: {
    key: 'h-captcha',
    js: 'https://hcaptcha.com/1/api.js',
    verifyUrl: 'https://api.hcaptcha.com/siteverify',
  },
  recaptcha: {
    key: 'g-recaptcha',
    js: 'https://www.google.com/recaptcha/api.js',
    verifyUrl: 'https://www.google.com/recaptcha/api/siteverify',
  },
  turnstile: {
    key: 'cf-turnstile',
    js: 'https://challenges.cloudflare.com/turnstile/v0/api.js',
    verifyUrl: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
  },
} as const;

const MIN_SIGNING_KEY_BYTES = 32;
const DEFAULT_PENDING = '30m';
const DEFAULT_PASSED = '24h';

/** How a host's captcha is shown and verified. */
export interface CaptchaSettings {
  readonly siteKey: string;
  readonly secretKey: string;
  /** The class of the element that the provider's script looks for; its field in the form ends with `-response`. */
  readonly frontendKey: string;
  readonly frontendJs: string;
  readonly verifyUrl: string;
  /** The key that signs the cookie. */
  readonly signingKey: Uint8Array;
  readonly pendingS: number;
  readonly passedS: number;
}

/** The settings for hosts of one pattern. */
export interface Host {
  readonly pattern: string;
  readonly contactUsUrl: string | undefined;
  readonly captcha: CaptchaSettings | undefined;
  /** The remediation instead of a captcha if none is set up. */
  readonly fallbackRemediation: 'ban' | 'allow';
  readonly appsecUrl: string | undefined;
  readonly appsecKey: string | undefined;
  /** Whether to inspect requests that are refused already. */
  readonly alwaysSend: boolean;
}

/** Hosts by patterns such as `*.example.com`. */
export class Hosts {
  /** The most specific first. */
  readonly #hosts: readonly Host[];

  /** @throws Error with the place of an error in the text. */
  constructor(text: string) {
    const file = read(parseYaml(text) ?? {}, 'the file', { hosts: list });
    const hosts = (file.hosts ?? []).map((each, index) => readHost(each, `host ${index + 1}`));
    this.#hosts = hosts.toSorted((a, b) => literalLength(b.pattern) - literalLength(a.pattern));
  }

  /** The most specific that matches a name. */
  find(name: string): Host | undefined {
    return this.#hosts.find(({ pattern }) => pattern === name || matchesGlob(name, pattern));
  }
}

/** Names the place of an error, but shows no part of the text: it has secrets. */
function parseYaml(yaml: string): unknown {
  try {
    return parse(yaml, { prettyErrors: false });
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = yaml.slice(0, error.pos[0]).split('\n').length;
    throw new Error(`line ${line}: expected YAML: ${error.code}`, { cause: error });
  }
}

/** A pattern without wildcards is more specific than one with them; else the one with more other characters is. */
function literalLength(pattern: string): number {
  return /[*?[]/.test(pattern) ? pattern.replaceAll(/[*?]|\[.*?\]/g, '').length : Infinity;
}

function readHost(given: unknown, where: string): Host {
  const { host, ban, captcha, appsec } = read(given, where, { host: text, ban: any, captcha: any, appsec: any });
  if (host === undefined) throw new Error(`${where}: expected host, such as "*.example.com"`);
  const { contact_us_url: contactUsUrl } = read(ban ?? {}, `${where}, ban`, { contact_us_url: text });
  const inspection = read(appsec ?? {}, `${where}, appsec`, { url: text, api_key: text, always_send: flag });
  return {
    pattern: host.toLowerCase(),
    contactUsUrl,
    ...readCaptcha(captcha ?? {}, `${where}, captcha`),
    appsecUrl: inspection.url,
    appsecKey: inspection.api_key,
    alwaysSend: inspection.always_send ?? false,
  };
}

function readCaptcha(given: unknown, where: string): Pick<Host, 'captcha' | 'fallbackRemediation'> {
  const read_ = read(given, where, {
    provider: text,
    site_key: text,
    secret_key: text,
    signing_key: text,
    fallback_remediation: text,
    pending_ttl: text,
    passed_ttl: text,
    verify_url: text,
  });
  const fallbackRemediation = read_.fallback_remediation ?? 'ban';
  if (fallbackRemediation !== 'ban' && fallbackRemediation !== 'allow') {
    throw new Error(`${where}: expected fallback_remediation ban or allow; found ${fallbackRemediation}`);
  }
  const { provider, site_key: siteKey, secret_key: secretKey, signing_key: signingKey } = read_;
  if (provider === undefined) return { captcha: undefined, fallbackRemediation };
  const known = Object.entries(PROVIDERS).find(([name]) => name === provider)?.[1];
  if (known === undefined) throw new Error(`${where}: expected provider ${Object.keys(PROVIDERS).join(', ')}`);
  if (siteKey === undefined || secretKey === undefined) throw new Error(`${where}: expected site_key and secret_key`);
  if (Buffer.byteLength(signingKey ?? '') < MIN_SIGNING_KEY_BYTES) {
    throw new Error(`${where}: expected a signing_key of ${MIN_SIGNING_KEY_BYTES} bytes or more`);
  }
  const captcha = {
    siteKey,
    secretKey,
    frontendKey: known.key,
    frontendJs: known.js,
    verifyUrl: read_.verify_url ?? known.verifyUrl,
    signingKey: Buffer.from(signingKey ?? ''),
    pendingS: seconds(read_.pending_ttl ?? DEFAULT_PENDING, `${where}, pending_ttl`),
    passedS: seconds(read_.passed_ttl ?? DEFAULT_PASSED, `${where}, passed_ttl`),
  };
  return { captcha, fallbackRemediation };
}

function seconds(duration: string, where: string): number {
  const ms = parseDuration(duration);
  if (ms === undefined || ms < 1_000) throw new Error(`${where}: expected a duration of 1s or more, such as 30m`);
  return Math.floor(ms / 1_000);
}

/** Reads the value of a key; undefined for any other value. */
type ReadValue<T> = (value: unknown) => T | undefined;

const any: ReadValue<unknown> = (value) => value;
const list: ReadValue<unknown[]> = (value) => (Array.isArray(value) ? value : undefined);
const text: ReadValue<string> = (value) => (typeof value === 'string' && value !== '' ? value : undefined);
const flag: ReadValue<boolean> = (value) => (typeof value === 'boolean' ? value : undefined);

/** The values of a mapping that has only these keys; null counts as a missing key. */
function read<Keys extends Record<string, ReadValue<unknown>>>(
  given: unknown,
  where: string,
  keys: Keys,
): { [Key in keyof Keys]?: NonNullable<ReturnType<Keys[Key]>> } {
  if (!isRecord(given)) throw new Error(`${where}: expected keys and values`);
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const readValue = Object.hasOwn(keys, key) ? keys[key] : undefined;
    if (readValue === undefined) throw new Error(`${where}: expected ${Object.keys(keys).join(', ')}; found ${key}`);
    if (value === null || value === '') continue;
    const found = readValue(value);
    if (found === undefined) throw new Error(`${where}: found a value of ${key} that it cannot have`);
    values[key] = found;
  }
  return values as { [Key in keyof Keys]?: NonNullable<ReturnType<Keys[Key]>> };
}
