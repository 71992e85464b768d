/** The keys that cookies and challenges are signed with, as a text has them. */
import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readLines } from '../shared/reloadable.ts';

/** Bytes of a signature. */
export const SIGNATURE_BYTES = 32;

const MIN_KEY_BYTES = 32;

interface Key {
  readonly secret: Buffer;
  /** A byte that says which one it is, and nothing about it. */
  readonly id: number;
}

/** The first key signs; all of them count. */
export class Keys {
  readonly #keys: readonly [Key, ...Key[]];

  /** @throws Error that names the line with something else than a key, or where there is none. */
  constructor(text: string) {
    const [first, ...others] = readLines(text, ([word = '', ...rest]) => {
      const secret = Buffer.from(word, 'base64');
      const isWhole = secret.toString('base64') === word && secret.length >= MIN_KEY_BYTES;
      if (!isWhole || rest.length > 0) throw new Error(`expected ${MIN_KEY_BYTES} bytes or more in base64`);
      return { secret, id: Number.parseInt(hash('sha256', secret).slice(0, 2), 16) };
    });
    if (first === undefined) throw new Error('expected a key in base64 on a line of its own');
    this.#keys = [first, ...others];
  }

  /** One key that lasts as long as the process. */
  static makeRandom(): Keys {
    return new Keys(randomBytes(MIN_KEY_BYTES).toString('base64'));
  }

  /** Which key signs. */
  get signingId(): number {
    return this.#keys[0].id;
  }

  /** The signature of a head and of who it is for, by the key that signs. */
  sign(head: Uint8Array, visitor: Uint8Array): Buffer {
    return signatureOf(this.#keys[0], head, visitor);
  }

  /** Whether a signature is that of one of the keys with this id, compared in constant time; undefined where there is no such key. */
  verify(id: number, head: Uint8Array, visitor: Uint8Array, signature: Uint8Array): boolean | undefined {
    let isKnown: boolean | undefined;
    for (const key of this.#keys) {
      if (key.id !== id) continue;
      isKnown = timingSafeEqual(signatureOf(key, head, visitor), signature);
      if (isKnown) break;
    }
    return isKnown;
  }
}

function signatureOf({ secret }: Key, head: Uint8Array, visitor: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(head).update(visitor).digest();
}
