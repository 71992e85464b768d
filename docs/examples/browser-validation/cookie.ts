/** The cookie of visitors who have passed. */
import { CookieReader, type StringValue } from '@spop/codec';
import type { Keys } from './keys.ts';
import type { Reason } from './messages.ts';
import { CLOCK_TOLERANCE_S, Purpose, SignedText } from './signed-text.ts';
import type { Visitor } from './visitor.ts';

/** Over HTTPS a browser accepts the first from this host and path only; over plain HTTP it refuses it. */
const NAMES = { https: '__Host-bv', http: 'bv' } as const;

/** Offsets of the head: purpose, key, level, then the expiry, in seconds of Unix time. */
const LEVEL = 2;
const EXPIRY = 3;
const HEAD_BYTES = 7;

/** Makes and checks cookies. */
export class Cookies {
  readonly #keys: () => Keys;
  readonly #lifetimeS: number;
  readonly #nowMs: () => number;
  readonly #https: CookieReader = new CookieReader(NAMES.https);
  readonly #http: CookieReader = new CookieReader(NAMES.http);
  readonly #signed: SignedText = new SignedText(HEAD_BYTES);

  constructor(keys: () => Keys, lifetimeS: number, nowMs: () => number = Date.now) {
    this.#keys = keys;
    this.#lifetimeS = lifetimeS;
    this.#nowMs = nowMs;
  }

  /** The value of Set-Cookie for a visitor who has passed this level. */
  make(level: number, visitor: Visitor, isHttps: boolean): string {
    this.#signed.head[LEVEL] = level;
    this.#signed.head.writeUInt32BE(Math.floor(this.#nowMs() / 1_000) + this.#lifetimeS, EXPIRY);
    const value = this.#signed.sign(Purpose.cookie, this.#keys(), visitor);
    const ways = `Path=/; Max-Age=${this.#lifetimeS}; HttpOnly; SameSite=Lax`;
    return isHttps ? `${NAMES.https}=${value}; ${ways}; Secure` : `${NAMES.http}=${value}; ${ways}`;
  }

  /** Judges the Cookie field of this visitor at a level: `cookie`, or the reason of a refusal. */
  check(field: StringValue | undefined, level: number, visitor: Visitor): Reason {
    if (field === undefined) return 'missing';
    const found = this.#checkNamed(this.#https, field, level, visitor);
    if (found === 'cookie') return found;
    const other = this.#checkNamed(this.#http, field, level, visitor);
    return other === 'missing' ? found : other;
  }

  #checkNamed(reader: CookieReader, field: StringValue, level: number, visitor: Visitor): Reason {
    reader.read(field);
    if (reader.value === undefined) return 'missing';
    // A second cookie comes from another path or domain, or from an attacker who wants it to be read instead.
    if (reader.count > 1) return 'several';
    return reader.isQuoted ? 'malformed' : this.#checkValue(reader.value, level, visitor);
  }

  #checkValue(value: StringValue, level: number, visitor: Visitor): Reason {
    const signed = this.#signed;
    if (!signed.read(value, Purpose.cookie)) return 'malformed';
    const refusal = signed.refusal(this.#keys(), visitor);
    if (refusal !== undefined) return refusal;
    if (this.#nowMs() / 1_000 > signed.head.readUInt32BE(EXPIRY) + CLOCK_TOLERANCE_S) return 'expired';
    return signed.head[LEVEL]! >= level ? 'cookie' : 'level';
  }
}
