/**
 * Searches for the number that solves a challenge, in a worker or in the page itself. SHA-256 is written out (FIPS 180-4):
 * crypto.subtle does not exist on plain HTTP, and is much slower for inputs as short as these.
 */
'use strict';

const BLOCK_BYTES = 64;
/** Numbers have 15 digits, so that all are exact; each search has 10^12 of them to itself. */
const FIRST = 1e14;
const NUMBERS_OF_SEARCH = 1e12;

/**
 * The first 32 bits of the fractions of the roots of the first primes.
 *
 * @param {number} count
 * @param {(x: number) => number} root
 */
function fractions(count, root) {
  const words = [];
  for (let n = 2; words.length < count; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
    if (isPrime) words.push(((root(n) % 1) * 2 ** 32) | 0);
  }
  return new Int32Array(words);
}

const K = fractions(64, Math.cbrt);
const INITIAL = fractions(8, Math.sqrt);
const W = new Int32Array(64);

/**
 * Writes to `out` the state after one more block.
 *
 * @param {Uint8Array} block
 * @param {Int32Array} state
 * @param {Int32Array} out
 */
function compress(block, state, out) {
  for (let i = 0; i < 16; i++) {
    const at = 4 * i;
    W[i] = (block[at] << 24) | (block[at + 1] << 16) | (block[at + 2] << 8) | block[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15];
    const y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = W[i - 16] + s0 + W[i - 7] + s1;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  out[0] = state[0] + a;
  out[1] = state[1] + b;
  out[2] = state[2] + c;
  out[3] = state[3] + d;
  out[4] = state[4] + e;
  out[5] = state[5] + f;
  out[6] = state[6] + g;
  out[7] = state[7] + h;
}

/** One of several searches for the number that solves a challenge; each has numbers of its own. */
class Search {
  /**
   * @param {string} challenge
   * @param {number} bits number of zero bits at the beginning of SHA-256 of the challenge and the number.
   * @param {number} index of this search, from 0 on.
   */
  constructor(challenge, bits, index) {
    this.bits = bits;
    this.first = FIRST + index * NUMBERS_OF_SEARCH;
    this.tried = 0;
    this.state = INITIAL.slice();
    this.out = new Int32Array(8);
    const text = new TextEncoder().encode(challenge + this.first);
    const whole = text.length - (text.length % BLOCK_BYTES);
    for (let at = 0; at < whole; at += BLOCK_BYTES)
      compress(text.subarray(at, at + BLOCK_BYTES), this.state, this.state);
    // The last block: the rest of the text, a bit, zeros, and the whole length in bits.
    this.block = new Uint8Array(BLOCK_BYTES);
    this.block.set(text.subarray(whole));
    this.block[text.length - whole] = 0x80;
    new DataView(this.block.buffer).setUint32(BLOCK_BYTES - 4, 8 * text.length);
    this.lastDigit = text.length - whole - 1;
  }

  /**
   * Tries this number of numbers. Undefined if none of them solves it.
   *
   * @param {number} count
   * @returns {number | undefined}
   */
  run(count) {
    const { block, state, out, bits, lastDigit } = this;
    const end = this.tried + count;
    while (this.tried < end) {
      compress(block, state, out);
      if (Math.clz32(out[0]) >= bits) return this.first + this.tried;
      this.tried++;
      let at = lastDigit;
      for (; block[at] === 0x39; at--) block[at] = 0x30;
      block[at]++;
    }
    return undefined;
  }
}

/** @typedef {{ challenge: string, bits: number, index: number }} Task a worker's input. */
/** @typedef {{ tried: number, number: number | undefined }} Progress a worker's message. */

/** Time between two messages of a worker. */
const NUMBERS_A_MESSAGE = 20_000;

if (typeof document === 'undefined') {
  self.addEventListener('message', (/** @type {MessageEvent<Task>} */ { data: { challenge, bits, index } }) => {
    const search = new Search(challenge, bits, index);
    let number;
    while (number === undefined) {
      number = search.run(NUMBERS_A_MESSAGE);
      self.postMessage({ tried: search.tried, number });
    }
  });
}
