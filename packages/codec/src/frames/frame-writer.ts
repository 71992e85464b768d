import { FrameFlag } from '../constants.ts';
import { frameFull } from '../values/typed-data-writer.ts';
import type { ValueType } from '../values/value-type.ts';
import { FrameBody } from './frame-body.ts';

/**
 * Writes any frame into a buffer that the caller provides (SPOE.txt §3.2):
 *
 *     const writer = new FrameWriter();
 *     writer.begin(buffer, 0, buffer.length, FrameType.AgentHello);
 *     writer.item(Key.Version, string, '2.0');
 *     const end = writer.end();
 *
 * An item that does not fit under the limit throws SPOP_FRAME_FULL, and leaves the frame as it was before the call.
 */
export class FrameWriter extends FrameBody {
  /**
   * Begins a frame at `position` of `bytes`, which has to end at `limit` or before.
   *
   * @throws {SpopError} SPOP_FRAME_FULL when not even type, flags and ids fit; SPOP_INVALID_VALUE for an id that is not an
   * integer from 0 to 2^64 - 1.
   */
  begin(
    bytes: Buffer,
    position: number,
    limit: number,
    type: number,
    streamId: number | bigint = 0,
    frameId: number | bigint = 0,
    flags: number = FrameFlag.Fin,
  ): void {
    this.beginFrame(bytes, position, limit, type, streamId, frameId, flags);
  }

  /** Appends an item of a KV-list: a name and a typed data. @throws {SpopError} SPOP_FRAME_FULL, SPOP_INVALID_VALUE. */
  item<Write>(name: string, type: ValueType<unknown, Write>, value: Write): void {
    this.append(name, type, value);
  }

  /** Appends an item of a KV-list that is NULL. @throws {SpopError} SPOP_FRAME_FULL. */
  nullItem(name: string): void {
    this.appendNull(name);
  }

  /** Appends bytes unchanged, for content that no other method writes. @throws {SpopError} SPOP_FRAME_FULL. */
  raw(from: Uint8Array): void {
    if (from.length > this.remainingBytes) throw frameFull(this.position, this.limit, from.length);
    this.bytes.set(from, this.position);
    this.position += from.length;
  }
}
