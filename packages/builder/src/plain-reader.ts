import { ActionType, DataType, LENGTH_BYTES, MAX_VARINT_BYTES, MIN_FRAME_BYTES, SpopError } from '@spop/codec';
import type { SpopErrorCode } from '@spop/codec';
import { ipv4Text, ipv6Text } from './address.ts';
import { frameTypeName, scopeName } from './model.ts';
import type { Action, Argument, Frame, FrameHeader, KvFrame, Message } from './model.ts';
import { describeFlags, describeTypedData } from './describe.ts';
import { quote, toText } from './text.ts';
import type { TypedData } from './values.ts';

/** One field of the grammar as it was read; `explain` prints one line for each. */
export interface Field {
  /** Of the first byte, counted from the start of the frame's length field. */
  readonly offset: number;
  readonly length: number;
  /** How deep in the grammar: 0 the frame, 1 a message or action, 2 an argument. */
  readonly depth: number;
  readonly label: string;
  readonly text: string;
  /** The value, where the field is typed data. */
  readonly data?: TypedData;
}

/** One wrong byte. */
export interface Problem {
  readonly code: SpopErrorCode;
  /** From the start of the frame's length field. */
  readonly offset: number;
  readonly reason: string;
}

/** How forgiving a {@link PlainReader} is. */
export interface ReadMode {
  /** Ends at the first problem; otherwise reading goes on wherever the next field can still be found. */
  readonly strict: boolean;
  /** Takes the single payload byte `00` for an ACK without actions, as HAProxy does. */
  readonly ackPadding: boolean;
}

/**
 * A plain reader of one frame: every production of SPOE.txt §3 is a method, in the order of the text. It keeps a trace
 * of the fields and a list of the problems.
 */
export class PlainReader {
  readonly fields: Field[] = [];
  readonly problems: Problem[] = [];
  /** Whether the payload could only be read in part. */
  isPartial = false;
  private position = 0;
  private readonly bytes: Uint8Array;
  private readonly mode: ReadMode;
  private depth = 0;

  /** `bytes` is one frame with its length field, and nothing after it: no read can leave the frame. */
  constructor(bytes: Uint8Array, mode: ReadMode) {
    this.bytes = bytes;
    this.mode = mode;
  }

  /** A problem after which the rest of the frame means nothing. */
  fail(code: SpopErrorCode, offset: number, reason: string): never {
    this.problems.push({ code, offset, reason });
    throw new SpopError(code, reason, offset);
  }

  /** A problem that leaves the next field's place certain. */
  note(code: SpopErrorCode, offset: number, reason: string): void {
    if (this.mode.strict) this.fail(code, offset, reason);
    this.problems.push({ code, offset, reason });
  }

  private field(offset: number, label: string, text: string, data?: TypedData): void {
    const field = { offset, length: this.position - offset, depth: this.depth, label, text };
    this.fields.push(data === undefined ? field : { ...field, data });
  }

  private nested<T>(read: () => T): T {
    this.depth++;
    const result = read();
    this.depth--;
    return result;
  }

  private remaining(): number {
    return this.bytes.length - this.position;
  }

  private truncated(offset: number, what: string, needed: number | bigint): never {
    return this.fail(
      'SPOP_TRUNCATED',
      offset,
      `expected ${needed} ${Number(needed) === 1 ? 'byte' : 'bytes'} for the ${what}, but the frame has ${this.remaining()} left`,
    );
  }

  private takeBytes(count: number, what: string): Uint8Array {
    if (this.remaining() < count) this.truncated(this.position, what, count);
    this.position += count;
    return this.bytes.slice(this.position - count, this.position);
  }

  private takeByte(what: string): number {
    return this.takeBytes(1, what)[0] ?? 0;
  }

  private takeUint32(what: string): number {
    return new DataView(this.takeBytes(4, what).buffer).getUint32(0);
  }

  /** Additive decoding: each byte counts whole, at shifts 0, 4, 11, 18, … (HAProxy include/haproxy/intops.h). */
  private takeVarint(what: string): bigint {
    const start = this.position;
    let value = BigInt(this.varintByte(start, what));
    if (value < 240n) return value;
    for (let count = 1, shift = 4n; ; count++, shift += 7n) {
      const byte = this.varintByte(start, what);
      value += BigInt(byte) << shift;
      if (count === MAX_VARINT_BYTES - 1 && byte >= 128) {
        this.fail(
          'SPOP_VARINT_OVERFLOW',
          start,
          `expected at most ${MAX_VARINT_BYTES} bytes for the varint of the ${what}`,
        );
      }
      if (byte < 128) break;
    }
    if (value >= 2n ** 64n) {
      this.fail('SPOP_VARINT_OVERFLOW', start, `expected less than 2^64 for the ${what}, got ${value}`);
    }
    return value;
  }

  private varintByte(start: number, what: string): number {
    if (this.remaining() === 0) {
      this.fail('SPOP_TRUNCATED', start, `expected the rest of the varint of the ${what}, but the frame ends`);
    }
    return this.takeByte(what);
  }

  /** `<LENGTH:varint><BYTES>` */
  private takeCounted(what: string): Uint8Array {
    const start = this.position;
    const length = this.takeVarint(`length of the ${what}`);
    if (length > BigInt(this.remaining())) this.truncated(start, what, length);
    return this.takeBytes(Number(length), what);
  }

  /** `STRING`, as the names are. */
  readName(label: string): string {
    const start = this.position;
    const text = toText(this.takeCounted(label));
    this.field(start, label, quote(text));
    return text;
  }

  /** `TYPED-DATA : <TYPE:4 bits><FLAGS:4 bits><DATA>` (§3.1); the type is the low nibble. */
  readTypedData(label: string): TypedData {
    const start = this.position;
    const typeByte = this.takeByte(label);
    const type = typeByte % 16;
    const flags = Math.floor(typeByte / 16);
    const value = this.data(type, flags, start, label);
    const meaningless = type === DataType.Bool ? flags - (flags % 2) : flags;
    const typed = meaningless === 0 ? value : { ...value, flags: meaningless };
    this.field(start, label, describeTypedData(typed), typed);
    return typed;
  }

  private data(type: number, flags: number, start: number, label: string): TypedData {
    switch (type) {
      case DataType.Null:
        return { type: 'null' };
      case DataType.Bool:
        return { type: 'bool', value: flags % 2 === 1 };
      case DataType.Int32:
        return { type: 'int32', value: this.int32(start) };
      case DataType.Uint32:
        return { type: 'uint32', value: this.uint32(start) };
      case DataType.Int64:
        return { type: 'int64', value: BigInt.asIntN(64, this.takeVarint('INT64')) };
      case DataType.Uint64:
        return { type: 'uint64', value: this.takeVarint('UINT64') };
      case DataType.Ipv4:
        return { type: 'ipv4', value: ipv4Text(this.takeBytes(4, 'IPV4')) };
      case DataType.Ipv6:
        return { type: 'ipv6', value: ipv6Text(this.takeBytes(16, 'IPV6')) };
      case DataType.String:
        return { type: 'string', value: toText(this.takeCounted(label)) };
      case DataType.Binary:
        return { type: 'binary', value: this.takeCounted(label) };
      default:
        return this.fail('SPOP_RESERVED_TYPE', start, `expected a data type of 0 to 9, got ${type}`);
    }
  }

  private int32(start: number): number {
    const value = BigInt.asIntN(64, this.takeVarint('INT32'));
    if (value !== BigInt.asIntN(32, value)) {
      this.note('SPOP_INTEGER_RANGE', start, `expected -2^31 to 2^31-1 in an INT32, got ${value}`);
    }
    return Number(value);
  }

  private uint32(start: number): number {
    const value = this.takeVarint('UINT32');
    if (value >= 2n ** 32n) this.note('SPOP_INTEGER_RANGE', start, `expected 0 to 2^32-1 in a UINT32, got ${value}`);
    return Number(value);
  }

  /** Entries to the end of the frame, or, where reading is forgiving, to the first that cannot be read. */
  private list<T>(read: () => T): T[] {
    const entries: T[] = [];
    try {
      while (this.remaining() > 0) entries.push(this.nested(read));
    } catch (error) {
      if (this.mode.strict || !(error instanceof SpopError)) throw error;
      this.isPartial = true;
    }
    return entries;
  }

  private readKv(kind: string): Argument {
    return { name: this.readName(`${kind} name`), value: this.readTypedData(`${kind} value`) };
  }

  /** `KV-LIST : [ <KV-NAME> <KV-VALUE> ... ]`, to the end of the frame. */
  readKvList(): Argument[] {
    return this.list(() => this.readKv('item'));
  }

  /** `LIST-OF-MESSAGES : [ <MESSAGE-NAME> <NB-ARGS:1 byte> <KV-LIST> ... ]`, to the end of the frame. */
  readMessages(): Message[] {
    return this.list(() => this.readMessage());
  }

  private readMessage(): Message {
    const name = this.readName('message name');
    const start = this.position;
    const count = this.takeByte('NB-ARGS');
    this.field(start, 'NB-ARGS', String(count));
    const args: Argument[] = [];
    while (args.length < count) args.push(this.nested(() => this.readKv('argument')));
    return { name, args };
  }

  /** `LIST-OF-ACTIONS : [ <ACTION-TYPE:1 byte> <NB-ARGS:1 byte> <ACTION-ARGS> ... ]`, to the end of the frame. */
  readActions(): Action[] {
    if (this.mode.ackPadding && this.remaining() === 1 && this.bytes.at(-1) === 0) {
      this.position++;
      this.field(this.position - 1, 'no action', 'one byte 00 in place of an empty payload');
    }
    return this.list(() => this.readAction());
  }

  private readAction(): Action {
    const start = this.position;
    const type = this.takeByte('action type');
    if (type !== ActionType.SetVar && type !== ActionType.UnsetVar) {
      this.fail('SPOP_INVALID_ACTION', start, `expected action type 1 (set-var) or 2 (unset-var), got ${type}`);
    }
    const isSet = type === ActionType.SetVar;
    this.field(start, 'action type', isSet ? '1 set-var' : '2 unset-var');
    this.readCount(isSet ? 3 : 2);
    const scope = this.nested(() => this.readScope());
    const name = this.nested(() => this.readName('variable name'));
    if (!isSet) return { type: 'unset-var', scope, name };
    return { type: 'set-var', scope, name, value: this.nested(() => this.readTypedData('variable value')) };
  }

  private readCount(expected: number): void {
    const start = this.position;
    const count = this.takeByte('NB-ARGS');
    this.field(start, 'NB-ARGS', String(count));
    if (count !== expected) {
      this.note('SPOP_INVALID_ACTION', start, `expected NB-ARGS ${expected} for this action, got ${count}`);
    }
  }

  private readScope(): Action['scope'] {
    const start = this.position;
    const number = this.takeByte('variable scope');
    const scope = scopeName(number);
    this.field(start, 'variable scope', `${number} ${scope ?? 'unknown'}`);
    if (scope === undefined) {
      this.note('SPOP_INVALID_ACTION', start, `expected a scope of 0 (proc) to 4 (res), got ${number}`);
    }
    return scope ?? 'proc';
  }

  /** `<FRAME-LENGTH:4 bytes>`; offset 0 is at fault, because it is the length that no receiver can take. */
  private readLength(maxFrameSize: number): void {
    const length = this.takeUint32('frame length');
    this.field(0, 'frame length', String(length));
    checkLength(this, length, maxFrameSize);
  }

  /** `FRAME : <FRAME-TYPE:1 byte> <METADATA> <FRAME-PAYLOAD>` (§3.2) */
  readFrame(maxFrameSize: number): Frame {
    this.readLength(maxFrameSize);
    const typeByte = this.takeByte('frame type');
    this.field(LENGTH_BYTES, 'frame type', `${typeByte} ${frameTypeName(typeByte)}`);
    const header = this.readMetadata();
    return this.readPayload(typeByte, header);
  }

  /** `METADATA : <FLAGS:4 bytes> <STREAM-ID:varint> <FRAME-ID:varint>` */
  private readMetadata(): FrameHeader {
    const start = this.position;
    const flags = this.takeUint32('flags');
    this.field(start, 'flags', describeFlags(flags));
    const streamId = this.readId('stream-id');
    return { flags, streamId, frameId: this.readId('frame-id') };
  }

  private readId(label: string): bigint {
    const start = this.position;
    const id = this.takeVarint(label);
    this.field(start, label, String(id));
    return id;
  }

  private readPayload(typeByte: number, header: FrameHeader): Frame {
    const name = frameTypeName(typeByte);
    switch (name) {
      case 'NOTIFY':
        return header.flags % 2 === 1
          ? { type: 'NOTIFY', ...header, messages: this.readMessages() }
          : { type: 'NOTIFY-FRAGMENT', ...header, payload: this.readRest('fragment of the payload') };
      case 'UNSET':
        return { type: 'UNSET', ...header, payload: this.readRest('fragment of the payload') };
      case 'ACK':
        return { type: 'ACK', ...header, actions: this.readActions() };
      case 'UNKNOWN':
        return { type: 'UNKNOWN', typeByte, ...header, payload: this.readRest('payload') };
      default:
        return { type: name as KvFrame['type'], ...header, items: this.readKvList() };
    }
  }

  private readRest(label: string): Uint8Array {
    const start = this.position;
    const rest = this.takeBytes(this.remaining(), label);
    if (rest.length > 0) this.field(start, label, `${rest.length} bytes`);
    return rest;
  }
}

/** The two rules about a frame's length, known as soon as its four bytes are there. */
export function checkLength(reader: PlainReader, length: number, maxFrameSize: number): void {
  if (length > maxFrameSize) {
    reader.note(
      'SPOP_FRAME_TOO_BIG',
      0,
      `expected a frame of at most ${maxFrameSize} bytes, got a length of ${length}`,
    );
  }
  if (length < MIN_FRAME_BYTES) {
    reader.fail(
      'SPOP_FRAME_TOO_SMALL',
      0,
      `expected a frame of at least ${MIN_FRAME_BYTES} bytes, got a length of ${length}`,
    );
  }
}
