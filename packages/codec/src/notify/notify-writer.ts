import { FrameFlag, FrameType } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { FrameBody } from '../frames/frame-body.ts';
import { frameFull, writeText } from '../values/typed-data-writer.ts';
import type { ValueType } from '../values/value-type.ts';

const MAX_ARGUMENTS = 255;

/**
 * Writes NOTIFY frames, as HAProxy does (SPOE.txt §3.2.6): for proxies, load generators and tests of codecs.
 *
 *     notify.beginNotify(buffer, 0, buffer.length, 1, 1);
 *     notify.message('check-client-ip');
 *     notify.argument('ip', ipv4, '192.0.2.1');
 *     const end = notify.end();
 */
export class NotifyWriter extends FrameBody {
  /** Offset of the message's NB-ARGS; 0 before the first message. */
  #countAt: number = 0;

  /** Begins a NOTIFY. @throws {SpopError} as {@link FrameWriter.begin}. */
  beginNotify(
    bytes: Buffer,
    position: number,
    limit: number,
    streamId: number | bigint,
    frameId: number | bigint,
    flags: number = FrameFlag.Fin,
  ): void {
    this.beginFrame(bytes, position, limit, FrameType.Notify, streamId, frameId, flags);
    this.#countAt = 0;
  }

  /** Begins a message; its arguments follow. @throws {SpopError} SPOP_FRAME_FULL. */
  message(name: string): void {
    const countAt = writeText(this.bytes, this.position, this.limit, name);
    if (countAt >= this.limit) throw frameFull(countAt, this.limit, 1);
    this.bytes[countAt] = 0;
    this.#countAt = countAt;
    this.position = countAt + 1;
  }

  /**
   * Appends an argument. @throws {SpopError} SPOP_MISUSE before a message or above 255 arguments; else as {@link
   * FrameWriter.item}.
   */
  argument<Write>(name: string, type: ValueType<unknown, Write>, value: Write): void {
    this.#checkCount();
    this.append(name, type, value);
    this.bytes[this.#countAt]!++;
  }

  /** Appends an argument that is NULL. @throws {SpopError} as {@link NotifyWriter.argument}. */
  nullArgument(name: string): void {
    this.#checkCount();
    this.appendNull(name);
    this.bytes[this.#countAt]!++;
  }

  #checkCount(): void {
    if (this.#countAt === 0) throw new SpopError('SPOP_MISUSE', 'expected message() before an argument; found none');
    if (this.bytes[this.#countAt] === MAX_ARGUMENTS) {
      throw new SpopError('SPOP_MISUSE', `expected at most ${MAX_ARGUMENTS} arguments in a message; found one more`);
    }
  }
}
