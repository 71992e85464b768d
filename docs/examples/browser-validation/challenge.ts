/** Challenges, which are signed and not kept, and their solutions. */
import { hash, randomFillSync } from 'node:crypto';
import type { BinaryValue } from '@spop/codec';
import type { Keys } from './keys.ts';
import type { Reason } from './messages.ts';
import { CLOCK_TOLERANCE_S, Purpose, SignedText } from './signed-text.ts';
import type { Visitor } from './visitor.ts';

/** Offsets of the head: purpose, key, level, then its work (leading zero bits, or seconds to wait). */
const LEVEL = 2;
const WORK = 3;
/** Times of making, in ms of Unix time, and of expiry, in seconds. */
const ISSUED_MS = 4;
const EXPIRY = 10;
/** Random bytes: the nonce, which counts once, and the support ID. */
const NONCE = 14;
const HEAD_BYTES = 25;

/** The work of a level. */
export interface Difficulty {
  /** Zero bits that SHA-256 of the challenge and the number has to begin with. */
  readonly bits: number;
  /** Seconds that the form without a script waits; undefined if there is no form. */
  readonly waitS: number | undefined;
}

/** The challenge for a visitor. */
export interface Challenge {
  readonly supportId: string;
  readonly work: string;
  /** Empty if the level has no form. */
  readonly wait: string;
}

/** A solution, judged by itself: whether it was used before is checked elsewhere. */
export interface Answer {
  /** `solved`, or the reason of a refusal. */
  readonly reason: Reason;
  /** Values of a text with the shape of a challenge; else 0 and empty. */
  readonly level: number;
  readonly supportId: string;
  /** Time since the challenge was made. */
  readonly tookMs: number;
  /** End of the time in which the nonce counts once, in ms of Unix time. */
  readonly expiresMs: number;
  readonly nonce: Buffer;
}

const NO_ANSWER = { level: 0, supportId: '', tookMs: 0, expiresMs: 0, nonce: Buffer.alloc(0) };

/** Makes challenges and checks answers. */
export class Challenges {
  readonly #keys: () => Keys;
  readonly #lifetimeS: number;
  readonly #nowMs: () => number;
  readonly #signed: SignedText = new SignedText(HEAD_BYTES);

  constructor(keys: () => Keys, lifetimeS: number, nowMs: () => number = Date.now) {
    this.#keys = keys;
    this.#lifetimeS = lifetimeS;
    this.#nowMs = nowMs;
  }

  /** A challenge for a visitor. It has two forms, work and wait; one of them counts, once. */
  make(level: number, { bits, waitS }: Difficulty, visitor: Visitor): Challenge {
    const { head } = this.#signed;
    const nowMs = this.#nowMs();
    head[LEVEL] = level;
    head.writeUIntBE(nowMs, ISSUED_MS, 6);
    head.writeUInt32BE(Math.floor(nowMs / 1_000) + this.#lifetimeS, EXPIRY);
    randomFillSync(head, NONCE);
    const supportId = this.#supportId();
    head[WORK] = bits;
    const work = this.#signed.sign(Purpose.work, this.#keys(), visitor);
    if (waitS === undefined) return { supportId, work, wait: '' };
    head[WORK] = waitS;
    return { supportId, work, wait: this.#signed.sign(Purpose.wait, this.#keys(), visitor) };
  }

  /** Judges `challenge=…&number=…`, the body that the script sends. */
  checkWork(body: BinaryValue | undefined, visitor: Visitor): Answer {
    const [, challenge, number] = /^challenge=([\w-]+)&number=(0|[1-9]\d{0,14})$/.exec(toText(body)) ?? [];
    const answer = this.#check(challenge, Purpose.work, visitor);
    if (answer.reason !== 'solved') return answer;
    const isSolved = zeroBits(hash('sha256', `${challenge}${number}`, 'buffer')) >= this.#signed.head[WORK]!;
    return isSolved ? answer : { ...answer, reason: 'unsolved' };
  }

  /** Judges `challenge=…`, the body that the form sends. */
  checkWait(body: BinaryValue | undefined, visitor: Visitor): Answer {
    const [, challenge] = /^challenge=([\w-]+)$/.exec(toText(body)) ?? [];
    const answer = this.#check(challenge, Purpose.wait, visitor);
    if (answer.reason !== 'solved') return answer;
    const waitedS = answer.tookMs / 1_000 + CLOCK_TOLERANCE_S;
    return waitedS >= this.#signed.head[WORK]! ? answer : { ...answer, reason: 'early' };
  }

  #check(text: string | undefined, purpose: number, visitor: Visitor): Answer {
    const signed = this.#signed;
    if (text === undefined || !signed.readText(text, purpose)) return { ...NO_ANSWER, reason: 'malformed' };
    const { head } = signed;
    const nowMs = this.#nowMs();
    const tookMs = nowMs - head.readUIntBE(ISSUED_MS, 6);
    const expiresMs = (head.readUInt32BE(EXPIRY) + CLOCK_TOLERANCE_S) * 1_000;
    const supportId = this.#supportId();
    const answer = { level: head[LEVEL]!, supportId, tookMs, expiresMs, nonce: Buffer.from(head.subarray(NONCE)) };
    const refusal = signed.refusal(this.#keys(), visitor);
    if (refusal !== undefined) return { ...answer, reason: refusal };
    if (nowMs > expiresMs) return { ...answer, reason: 'expired' };
    return { ...answer, reason: tookMs < -CLOCK_TOLERANCE_S * 1_000 ? 'early' : 'solved' };
  }

  #supportId(): string {
    const hex = this.#signed.head.toString('hex', NONCE, NONCE + 4).toUpperCase();
    return `${hex.slice(0, 4)}-${hex.slice(4)}`;
  }
}

/** The number of zero bits before the first one bit. */
export function zeroBits(digest: Uint8Array): number {
  let bits = 0;
  for (const byte of digest) {
    bits += Math.clz32(byte) - 24;
    if (byte !== 0) break;
  }
  return bits;
}

/** Each byte is one character, so that no other byte is taken for an ASCII character. */
function toText(body: BinaryValue | undefined): string {
  return body === undefined ? '' : body.toBytes().toString('latin1');
}
