import { FrameType, LENGTH_BYTES, SpopError, type SpopErrorCode } from '@spop/codec';
import { byteAt, concat, fromHex } from '../data/text.ts';
import type { Field } from '../read/byte-reader.ts';
import { type BytesInput, bytesOf, frameLength } from '../read/parse.ts';
import { PlainReader } from '../read/plain-reader.ts';
import { writeUint32 } from './plain-writer.ts';

/** One way to corrupt a valid frame. */
export interface Corruption {
  /** What is wrong with the corrupt frame. */
  readonly description: string;
  /**
   * The error of a strict reader for the corrupt frame; undefined when the frame can still be read and has a wrong meaning,
   * when the reader waits for more bytes, or when the error depends on the frame (`nb-args-too-few`).
   */
  readonly code: SpopErrorCode | undefined;
  /** The corrupt bytes; undefined when the frame has nothing to corrupt in this way. */
  apply(bytes: Uint8Array, fields: readonly Field[]): Uint8Array | undefined;
}

/** The stable name of a corruption. */
export type CorruptionName =
  | 'incomplete'
  | 'truncated'
  | 'length-zero'
  | 'length-below-seven'
  | 'length-huge'
  | 'length-too-long'
  | 'overlong-varint'
  | 'varint-above-64-bits'
  | 'lying-name-length'
  | 'lying-value-length'
  | 'nb-args-too-many'
  | 'nb-args-too-few'
  | 'reserved-type'
  | 'int32-out-of-range'
  | 'uint32-out-of-range'
  | 'unknown-action'
  | 'action-nb-args'
  | 'unknown-scope'
  | 'fin-missing'
  | 'abort-set'
  | 'reserved-flags'
  | 'ids-set'
  | 'unknown-frame-type'
  | 'wrong-direction'
  | 'payload-missing';

/** Replaces `count` bytes at `offset`, and corrects the length field. */
function splice(bytes: Uint8Array, offset: number, count: number, replacement: Uint8Array): Uint8Array {
  const body = concat([bytes.slice(LENGTH_BYTES, offset), replacement, bytes.slice(offset + count)]);
  return concat([writeUint32(body.length), body]);
}

/** Replaces the byte at the beginning of a field. */
function setByte(
  bytes: Uint8Array,
  field: Field | undefined,
  change: (byte: number) => number,
): Uint8Array | undefined {
  if (field === undefined) return undefined;
  return splice(bytes, field.offset, 1, Uint8Array.of(change(byteAt(bytes, field.offset)) % 256));
}

function withLength(bytes: Uint8Array, length: number): Uint8Array {
  return concat([writeUint32(length), bytes.slice(LENGTH_BYTES)]);
}

function labelled(fields: readonly Field[], ...labels: string[]): Field | undefined {
  return fields.find((field) => labels.includes(field.label));
}

const nameLabels = ['message name', 'item name', 'argument name', 'variable name'];

function isMessageCount(fields: readonly Field[], field: Field): boolean {
  return field.label === 'NB-ARGS' && fields[fields.indexOf(field) - 1]?.label === 'message name';
}

function replaceData(
  bytes: Uint8Array,
  fields: readonly Field[],
  type: string,
  replacement: string,
): Uint8Array | undefined {
  const field = fields.find(({ data }) => data?.type === type);
  return field === undefined ? undefined : splice(bytes, field.offset, field.length, fromHex(replacement));
}

/** The varint of a million: more bytes than any frame in a test has. */
const LYING_VARINT = fromHex('f0 95 e7 02');

function lie(bytes: Uint8Array, lengthOffset: number): Uint8Array {
  return splice(bytes, lengthOffset, 1, LYING_VARINT);
}

/** The corruptions by name. */
export const corruptions: Readonly<Record<CorruptionName, Corruption>> = {
  incomplete: {
    description: 'the last byte has not come yet',
    code: undefined,
    apply: (bytes) => bytes.slice(0, -1),
  },
  truncated: {
    description: 'the payload ends one byte early, and the length field agrees',
    code: 'SPOP_TRUNCATED',
    apply(bytes, fields) {
      const last = fields.at(-1);
      if (last === undefined || last.depth === 0) return undefined;
      return splice(bytes, bytes.length - 1, 1, new Uint8Array(0));
    },
  },
  'length-zero': {
    description: 'the length field says 0',
    code: 'SPOP_FRAME_TOO_SMALL',
    apply: (bytes) => withLength(bytes, 0),
  },
  'length-below-seven': {
    description: 'the length field says 6',
    code: 'SPOP_FRAME_TOO_SMALL',
    apply: (bytes) => withLength(bytes, 6),
  },
  'length-huge': {
    description: 'the length field says 2^32-1',
    code: 'SPOP_FRAME_TOO_BIG',
    apply: (bytes) => withLength(bytes, 0xffffffff),
  },
  'length-too-long': {
    description: 'the length field says one byte more than the frame has',
    code: undefined,
    apply: (bytes) => withLength(bytes, bytes.length - LENGTH_BYTES + 1),
  },
  'overlong-varint': {
    description: 'the stream-id is a varint of 11 bytes',
    code: 'SPOP_VARINT_OVERFLOW',
    apply(bytes, fields) {
      const id = labelled(fields, 'stream-id');
      return id && splice(bytes, id.offset, id.length, fromHex('f0 80 80 80 80 80 80 80 80 80 00'));
    },
  },
  'varint-above-64-bits': {
    description: 'the stream-id is 2^64',
    code: 'SPOP_VARINT_OVERFLOW',
    apply(bytes, fields) {
      const id = labelled(fields, 'stream-id');
      return id && splice(bytes, id.offset, id.length, fromHex('f0 f1 fe fe fe fe fe fe fe 0e'));
    },
  },
  'lying-name-length': {
    description: 'the first name is said to be longer than the frame',
    code: 'SPOP_TRUNCATED',
    apply(bytes, fields) {
      const name = labelled(fields, ...nameLabels);
      return name && lie(bytes, name.offset);
    },
  },
  'lying-value-length': {
    description: 'the first STRING or BINARY is said to be longer than the frame',
    code: 'SPOP_TRUNCATED',
    apply(bytes, fields) {
      const value = fields.find(({ data }) => data?.type === 'string' || data?.type === 'binary');
      return value && lie(bytes, value.offset + 1);
    },
  },
  'nb-args-too-many': {
    description: 'the last message has one argument less than its NB-ARGS says',
    code: 'SPOP_TRUNCATED',
    apply(bytes, fields) {
      const count = fields.findLast((field) => isMessageCount(fields, field));
      return count?.text === '255' ? undefined : setByte(bytes, count, (byte) => byte + 1);
    },
  },
  'nb-args-too-few': {
    description: 'the last message has one argument more than its NB-ARGS says, which reads as the next message',
    code: undefined,
    apply(bytes, fields) {
      const count = fields.findLast((field) => isMessageCount(fields, field));
      return count?.text === '0' ? undefined : setByte(bytes, count, (byte) => byte - 1);
    },
  },
  'reserved-type': {
    description: 'the first value has the reserved type 10',
    code: 'SPOP_RESERVED_TYPE',
    apply: (bytes, fields) =>
      setByte(
        bytes,
        fields.find(({ data }) => data !== undefined),
        () => 10,
      ),
  },
  'int32-out-of-range': {
    description: 'the first INT32 holds 2^31',
    code: 'SPOP_INTEGER_RANGE',
    apply: (bytes, fields) => replaceData(bytes, fields, 'int32', '02 f0 f1 fe fe 3e'),
  },
  'uint32-out-of-range': {
    description: 'the first UINT32 holds 2^32',
    code: 'SPOP_INTEGER_RANGE',
    apply: (bytes, fields) => replaceData(bytes, fields, 'uint32', '03 f0 f1 fe fe 7e'),
  },
  'unknown-action': {
    description: 'the first action has type 99',
    code: 'SPOP_BAD_ACTION',
    apply: (bytes, fields) => setByte(bytes, labelled(fields, 'action type'), () => 99),
  },
  'action-nb-args': {
    description: 'the first action has one argument more than it should',
    code: 'SPOP_BAD_ACTION',
    apply(bytes, fields) {
      const action = labelled(fields, 'action type');
      return action && setByte(bytes, fields[fields.indexOf(action) + 1], (count) => count + 1);
    },
  },
  'unknown-scope': {
    description: 'the first action has scope 9',
    code: 'SPOP_BAD_ACTION',
    apply: (bytes, fields) => setByte(bytes, labelled(fields, 'variable scope'), () => 9),
  },
  'fin-missing': {
    description: 'FIN is not set',
    code: undefined,
    apply: (bytes) =>
      (byteAt(bytes, 8) & 1) === 0 ? undefined : splice(bytes, 8, 1, Uint8Array.of(byteAt(bytes, 8) & 254)),
  },
  'abort-set': {
    description: 'ABORT is set',
    code: undefined,
    apply: (bytes) => splice(bytes, 8, 1, Uint8Array.of(byteAt(bytes, 8) | 2)),
  },
  'reserved-flags': {
    description: 'all reserved flags are set',
    code: undefined,
    apply: (bytes) => splice(bytes, 5, 4, Uint8Array.of(255, 255, 255, byteAt(bytes, 8) | 0xfc)),
  },
  'ids-set': {
    description: 'a HELLO or DISCONNECT has stream-id 1',
    code: undefined,
    apply: (bytes, fields) => labelled(fields, 'item name') && setByte(bytes, labelled(fields, 'stream-id'), () => 1),
  },
  'unknown-frame-type': {
    description: 'the frame has type 200',
    code: undefined,
    apply: (bytes) => splice(bytes, LENGTH_BYTES, 1, Uint8Array.of(200)),
  },
  'wrong-direction': {
    description: "the frame has the type of the other side's frame of its kind",
    code: undefined,
    apply(bytes) {
      const other = otherSide[byteAt(bytes, LENGTH_BYTES)];
      return other === undefined ? undefined : splice(bytes, LENGTH_BYTES, 1, Uint8Array.of(other));
    },
  },
  'payload-missing': {
    description: 'there is no payload',
    code: undefined,
    apply(bytes, fields) {
      const id = labelled(fields, 'frame-id');
      const end = id && id.offset + id.length;
      return end === undefined || end === bytes.length
        ? undefined
        : splice(bytes, end, bytes.length - end, new Uint8Array(0));
    },
  },
};

const otherSide: Readonly<Record<number, number>> = {
  [FrameType.HaproxyHello]: FrameType.AgentHello,
  [FrameType.AgentHello]: FrameType.HaproxyHello,
  [FrameType.HaproxyDisconnect]: FrameType.AgentDisconnect,
  [FrameType.AgentDisconnect]: FrameType.HaproxyDisconnect,
};

function fieldsOf(bytes: Uint8Array): readonly Field[] {
  const length = frameLength(bytes, 0);
  if (length !== bytes.length - LENGTH_BYTES) {
    throw new SpopError('SPOP_MISUSE', `expected the bytes of one frame; found ${bytes.length} bytes`);
  }
  const reader = new PlainReader(bytes, { strict: true, ackPadding: false });
  reader.readFrame(0xffffffff);
  return reader.fields;
}

/**
 * Corrupts one valid frame in a named way.
 *
 * @throws {SpopError} SPOP_MISUSE when the frame has nothing to corrupt in this way; the code of its error for a frame that is not
 * valid.
 */
export function corrupt(input: BytesInput, name: CorruptionName): Uint8Array {
  const bytes = bytesOf(input);
  const spoiled = corruptions[name].apply(bytes, fieldsOf(bytes));
  if (spoiled === undefined) {
    throw new SpopError(
      'SPOP_MISUSE',
      `expected a frame that ${name} can corrupt, as corruptionsOf() says; found another`,
    );
  }
  return spoiled;
}

/** The names of all corruptions that apply to one valid frame. */
export function corruptionsOf(input: BytesInput): CorruptionName[] {
  const bytes = bytesOf(input);
  const fields = fieldsOf(bytes);
  return corruptionNames.filter((name) => corruptions[name].apply(bytes, fields) !== undefined);
}

/** The names of all corruptions. */
export const corruptionNames: readonly CorruptionName[] = Object.keys(corruptions).filter(isCorruptionName);

function isCorruptionName(name: string): name is CorruptionName {
  return Object.hasOwn(corruptions, name);
}
