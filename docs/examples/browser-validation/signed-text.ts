/** A head of bytes with its signature, as text that a visitor keeps and sends back. */
import type { BytesValue } from '@spop/codec';
import { readBase64url } from './base64url.ts';
import { type Keys, SIGNATURE_BYTES } from './keys.ts';
import type { Reason } from './messages.ts';
import type { Visitor } from './visitor.ts';

/** The purpose of a signed text, and its version: the first byte. A text of one purpose is not valid for another. */
export const Purpose = { cookie: 0x11, work: 0x21, wait: 0x31 } as const;

/** Seconds that the clocks of agents may differ. */
export const CLOCK_TOLERANCE_S = 5;

/** Signed texts whose heads have a certain length: the purpose, the key's id, and further fields. Read and written in place. */
export class SignedText {
  /** The head; writers and readers use the same offsets of its fields; 0 and 1 are the purpose and the key. */
  readonly head: Buffer;
  readonly #bytes: Buffer;
  readonly #text: Buffer;
  readonly #signature: Buffer;

  /** @param headBytes a number that with the signature's 32 is a multiple of 3, so that each text is canonical. */
  constructor(headBytes: number) {
    this.#bytes = Buffer.alloc(headBytes + SIGNATURE_BYTES);
    this.#text = Buffer.alloc((this.#bytes.length * 4) / 3);
    this.head = this.#bytes.subarray(0, headBytes);
    this.#signature = this.#bytes.subarray(headBytes);
  }

  /** The text with this head, signed. */
  sign(purpose: number, keys: Keys, visitor: Visitor): string {
    this.head[0] = purpose;
    this.head[1] = keys.signingId;
    keys.sign(this.head, visitor.bytes).copy(this.#signature);
    return this.#bytes.toString('base64url');
  }

  /** Reads the head of a text. @returns whether the text has the shape of one for this purpose. Allocates nothing. */
  read(text: BytesValue, purpose: number): boolean {
    if (text.byteLength !== this.#text.length) return false;
    text.copyTo(this.#text);
    return readBase64url(this.#text, this.#bytes) && this.head[0] === purpose;
  }

  /** Like `read`, for a string. */
  readText(text: string, purpose: number): boolean {
    if (text.length !== this.#text.length) return false;
    this.#text.write(text, 'latin1');
    return readBase64url(this.#text, this.#bytes) && this.head[0] === purpose;
  }

  /** The reason why the text is not ours for this visitor; undefined if it is. */
  refusal(keys: Keys, visitor: Visitor): Reason | undefined {
    const isOurs = keys.verify(this.head[1]!, this.head, visitor.bytes, this.#signature);
    if (isOurs === undefined) return 'unknown key';
    return isOurs ? undefined : 'forged';
  }
}
