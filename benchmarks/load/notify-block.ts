/**
 * A block of consecutive NOTIFYs in one buffer. Building a frame costs more than sending it, so frames are built once
 * and only their stream-ids are written anew when the block is used again: 1, 3, 5 … as HAProxy 3.1 and later count
 * them on each connection (src/mux_spop.c), frame-id always 1.
 */
import { frame } from './wire.ts';
import type { Variant } from './traffic.ts';

/** Where a varint grows by a byte: the smallest values of two, three, four and five bytes. */
const WIDTH_BOUNDS = [240, 2288, 264_432, 33_818_864, 4_328_786_160];

const STREAM_ID_OFFSET = 9;

export class NotifyBlock {
  readonly frames: number;
  /** Offset of each frame; one entry more than there are frames, the last being the end. */
  readonly offsets: Uint32Array;
  bytes: Buffer = Buffer.alloc(0);
  readonly #variants: readonly Variant[];
  #width = 0;

  /** `frames` must be a multiple of the number of variants, so that a NOTIFY's index alone tells its payload. */
  constructor(variants: readonly Variant[], frames: number) {
    this.#variants = variants;
    this.frames = frames;
    this.offsets = new Uint32Array(frames + 1);
  }

  /** Makes this the block of NOTIFYs `first`, `first + 1`, … (the n-th has stream-id 2n + 1). */
  fill(first: number): void {
    const width = idWidth(2 * first + 1);
    if (width !== idWidth(2 * (first + this.frames) - 1)) {
      this.#build(first);
      this.#width = 0;
    } else if (width !== this.#width) {
      this.#build(first);
      this.#width = width;
    } else this.#renumber(first);
  }

  #build(first: number): void {
    const frames: Buffer[] = [];
    let offset = 0;
    for (let i = 0; i < this.frames; i++) {
      const variant = this.#variants[(first + i) % this.#variants.length];
      if (variant === undefined) throw new Error('no payloads');
      const bytes = frame(3, 2 * (first + i) + 1, 1, variant.payload);
      frames.push(bytes);
      this.offsets[i] = offset;
      offset += bytes.length;
    }
    this.offsets[this.frames] = offset;
    this.bytes = Buffer.concat(frames);
  }

  #renumber(first: number): void {
    const { bytes, offsets, frames } = this;
    const width = this.#width;
    for (let i = 0; i < frames; i++) {
      const at = (offsets[i] ?? 0) + STREAM_ID_OFFSET;
      const id = 2 * (first + i) + 1;
      if (width === 1) bytes[at] = id;
      else writeId(bytes, at, id);
    }
  }
}

/** Writes a varint of two bytes or more. */
function writeId(bytes: Buffer, at: number, id: number): void {
  let position = at;
  bytes[position++] = id | 0xf0;
  let rest = Math.floor((id - 240) / 16);
  while (rest >= 128) {
    bytes[position++] = rest | 0x80;
    rest = Math.floor((rest - 128) / 128);
  }
  bytes[position] = rest;
}

function idWidth(id: number): number {
  let width = 1;
  while (id >= (WIDTH_BOUNDS[width - 1] ?? Infinity)) width++;
  return width;
}
