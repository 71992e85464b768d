const SLOTS = 256;
const MAX_CACHED_BYTES = 32;
const MAX_SCORE = 15;

/**
 * Caches the text of short values: a direct-mapped table of 256 texts of at most 32 bytes, about 20 KB when full. A hit
 * allocates nothing.
 *
 * Each slot has a score that a hit raises and a miss lowers; its text is only replaced at zero. A client that sends ever-new
 * values therefore cannot drive out those in use, and its misses cost no more than without a cache.
 */
export class TextCache {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '');
  readonly #bytes: Buffer = Buffer.alloc(SLOTS * MAX_CACHED_BYTES);
  readonly #lengths: Uint8Array = new Uint8Array(SLOTS);
  readonly #scores: Uint8Array = new Uint8Array(SLOTS);

  /** The `length` bytes at `start`, decoded as UTF-8. */
  toText(bytes: Buffer, start: number, length: number): string {
    if (length === 0) return '';
    if (length > MAX_CACHED_BYTES) return bytes.toString('utf8', start, start + length);
    const slot = hash(bytes, start, length) & (SLOTS - 1);
    const at = slot * MAX_CACHED_BYTES;
    const score = this.#scores[slot]!;
    if (this.#lengths[slot] === length && this.#matches(at, bytes, start, length)) {
      if (score < MAX_SCORE) this.#scores[slot] = score + 1;
      return this.#texts[slot]!;
    }
    const text = bytes.toString('utf8', start, start + length);
    if (score > 0) {
      this.#scores[slot] = score - 1;
      return text;
    }
    bytes.copy(this.#bytes, at, start, start + length);
    this.#lengths[slot] = length;
    this.#texts[slot] = text;
    this.#scores[slot] = 1;
    return text;
  }

  #matches(at: number, bytes: Buffer, start: number, length: number): boolean {
    const cached = this.#bytes;
    for (let i = 0; i < length; i++) {
      if (cached[at + i] !== bytes[start + i]) return false;
    }
    return true;
  }
}

/** FNV-1a over every byte: values in a cache share prefixes and lengths, so that hashing fewer bytes would collide. */
function hash(bytes: Buffer, start: number, length: number): number {
  let value = 0x811c_9dc5 | 0;
  for (let i = 0; i < length; i++) {
    value = Math.imul(value ^ bytes[start + i]!, 0x0100_0193);
  }
  return value ^ (value >>> 15);
}
