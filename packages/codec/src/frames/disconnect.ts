import { DataType, FrameType, Key, Status } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { string, uint32 } from '../values/value-type.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { Frame } from './frame.ts';
import { checkControlFrame } from './hello.ts';
import { KvListReader } from './kv-list.ts';

/** The items of a HAPROXY-DISCONNECT or AGENT-DISCONNECT (SPOE.txt §3.2.8, §3.2.9). */
export interface Disconnect {
  /** A {@link Status}, or another number of the sender's. */
  readonly statusCode: number;
  /** The sender's text for people, which may be empty. It is as untrusted as the sender. */
  readonly message: string;
}

/** The specification's words for each status code (SPOE.txt §3.5). */
export const STATUS_MESSAGES: Readonly<Record<Status, string>> = {
  [Status.Normal]: 'normal',
  [Status.IoError]: 'I/O error',
  [Status.Timeout]: 'a timeout occurred',
  [Status.FrameTooBig]: 'frame is too big',
  [Status.InvalidFrame]: 'invalid frame received',
  [Status.NoVersion]: 'version value not found',
  [Status.NoMaxFrameSize]: 'max-frame-size value not found',
  [Status.NoCapabilities]: 'capabilities value not found',
  [Status.UnsupportedVersion]: 'unsupported version',
  [Status.BadMaxFrameSize]: 'max-frame-size too big or too small',
  [Status.FragmentationNotSupported]: 'payload fragmentation is not supported',
  [Status.InterlacedFrames]: 'invalid interlaced frames',
  [Status.FrameIdNotFound]: 'frame-id not found',
  [Status.ResourceAllocation]: 'resource allocation error',
  [Status.Unknown]: 'an unknown error occurred',
};

/**
 * Reads a DISCONNECT of either direction. It is lenient, since the peer is leaving: a missing status code reads as 99 and a
 * missing message as `''`.
 *
 * @throws {SpopError} SPOP_UNEXPECTED_FRAME or SPOP_FRAGMENTED_FRAME for another frame; the codes of a malformed KV-list.
 */
export function toDisconnect(frame: Frame): Disconnect {
  checkControlFrame(
    frame,
    frame.type === FrameType.AgentDisconnect ? FrameType.AgentDisconnect : FrameType.HaproxyDisconnect,
  );
  let statusCode: number = Status.Unknown;
  let message = '';
  const list = new KvListReader();
  list.read(frame);
  while (list.next()) {
    const { name, value } = list;
    if (name.equals(Key.StatusCode) && value.type >= DataType.Int32 && value.type <= DataType.Uint64) {
      statusCode = Number(value.toBigInt());
    } else if (name.equals(Key.Message)) {
      message = value.toString();
    }
  }
  return { statusCode, message };
}

/**
 * Writes a DISCONNECT and returns the offset after it.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for a status code that is not 0 to 99, with which HAProxy 3.1 reads past a table.
 */
export function writeDisconnect(
  writer: FrameWriter,
  bytes: Buffer,
  position: number,
  limit: number,
  type: typeof FrameType.AgentDisconnect | typeof FrameType.HaproxyDisconnect,
  disconnect: Disconnect,
): number {
  const { statusCode, message } = disconnect;
  if (!(statusCode >= 0 && statusCode <= Status.Unknown)) {
    throw new SpopError(
      'SPOP_INVALID_VALUE',
      `expected a status code from 0 to ${Status.Unknown}; found ${statusCode}`,
    );
  }
  writer.begin(bytes, position, limit, type);
  writer.item(Key.StatusCode, uint32, statusCode);
  writer.item(Key.Message, string, message);
  return writer.end();
}
