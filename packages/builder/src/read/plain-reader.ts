import { ActionType, DataType, LENGTH_BYTES, MIN_FRAME_BYTES, SpopError } from '@spop/codec';
import { ipv4Text, ipv6Text } from '../data/address.ts';
import { describeFlags, describeTypedData } from '../data/describe.ts';
import {
  type Action,
  type Argument,
  type FrameHeader,
  frameTypeName,
  type KvFrame,
  type Message,
  type PlainFrame,
  scopeName,
} from '../data/model.ts';
import { quote, toText } from '../data/text.ts';
import type { TypedData } from '../data/typed-data.ts';
import { ByteReader } from './byte-reader.ts';

/**
 * A plain reader of one frame: each production of SPOE.txt §3 is a method, in the order of the text. It keeps a trace of the fields
 * and a list of the problems.
 */
export class PlainReader extends ByteReader {
  /** `STRING`, the form of names. */
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
    const value = this.#data(type, flags, start, label);
    const meaningless = type === DataType.Bool ? flags - (flags % 2) : flags;
    const typed = meaningless === 0 ? value : { ...value, flags: meaningless };
    this.field(start, label, describeTypedData(typed), typed);
    return typed;
  }

  #data(type: number, flags: number, start: number, label: string): TypedData {
    switch (type) {
      case DataType.Null:
        return { type: 'null' };
      case DataType.Bool:
        return { type: 'bool', value: flags % 2 === 1 };
      case DataType.Int32:
        return { type: 'int32', value: this.#int32(start) };
      case DataType.Uint32:
        return { type: 'uint32', value: this.#uint32(start) };
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
        return this.fail('SPOP_RESERVED_TYPE', start, `expected a data type of 0 to 9; found ${type}`);
    }
  }

  #int32(start: number): number {
    const value = BigInt.asIntN(64, this.takeVarint('INT32'));
    if (value !== BigInt.asIntN(32, value)) {
      this.note('SPOP_INTEGER_RANGE', start, `expected -2^31 to 2^31-1 in an INT32; found ${value}`);
    }
    return Number(value);
  }

  #uint32(start: number): number {
    const value = this.takeVarint('UINT32');
    if (value >= 2n ** 32n) this.note('SPOP_INTEGER_RANGE', start, `expected 0 to 2^32-1 in a UINT32; found ${value}`);
    return Number(value);
  }

  /** Entries up to the end of the frame; or, if the mode is not strict, up to the first one that cannot be read. */
  #list<T>(read: () => T): T[] {
    const entries: T[] = [];
    try {
      while (this.remaining() > 0) entries.push(this.nested(read));
    } catch (error) {
      if (this.mode.strict || !(error instanceof SpopError)) throw error;
      this.isPartial = true;
    }
    return entries;
  }

  #readKv(kind: string): Argument {
    return { name: this.readName(`${kind} name`), value: this.readTypedData(`${kind} value`) };
  }

  /** `KV-LIST : [ <KV-NAME> <KV-VALUE> ... ]`, to the end of the frame. */
  readKvList(): Argument[] {
    return this.#list(() => this.#readKv('item'));
  }

  /** `LIST-OF-MESSAGES : [ <MESSAGE-NAME> <NB-ARGS:1 byte> <KV-LIST> ... ]`, to the end of the frame. */
  readMessages(): Message[] {
    return this.#list(() => this.#readMessage());
  }

  #readMessage(): Message {
    const name = this.readName('message name');
    const start = this.position;
    const count = this.takeByte('NB-ARGS');
    this.field(start, 'NB-ARGS', String(count));
    const args: Argument[] = [];
    while (args.length < count) args.push(this.nested(() => this.#readKv('argument')));
    return { name, args };
  }

  /** `LIST-OF-ACTIONS : [ <ACTION-TYPE:1 byte> <NB-ARGS:1 byte> <ACTION-ARGS> ... ]`, to the end of the frame. */
  readActions(): Action[] {
    if (this.mode.ackPadding && this.remaining() === 1 && this.bytes.at(-1) === 0) {
      this.position++;
      this.field(this.position - 1, 'no action', 'one byte 00 in place of an empty payload');
    }
    return this.#list(() => this.#readAction());
  }

  #readAction(): Action {
    const start = this.position;
    const type = this.takeByte('action type');
    if (type !== ActionType.SetVar && type !== ActionType.UnsetVar) {
      this.fail('SPOP_BAD_ACTION', start, `expected action type 1 (set-var) or 2 (unset-var); found ${type}`);
    }
    const isSet = type === ActionType.SetVar;
    this.field(start, 'action type', isSet ? '1 set-var' : '2 unset-var');
    this.#readCount(isSet ? 3 : 2);
    const scope = this.nested(() => this.#readScope());
    const name = this.nested(() => this.readName('variable name'));
    if (!isSet) return { type: 'unset-var', scope, name };
    return { type: 'set-var', scope, name, value: this.nested(() => this.readTypedData('variable value')) };
  }

  #readCount(expected: number): void {
    const start = this.position;
    const count = this.takeByte('NB-ARGS');
    this.field(start, 'NB-ARGS', String(count));
    if (count !== expected) {
      this.note('SPOP_BAD_ACTION', start, `expected NB-ARGS ${expected} for this action; found ${count}`);
    }
  }

  #readScope(): Action['scope'] {
    const start = this.position;
    const number = this.takeByte('variable scope');
    const scope = scopeName(number);
    this.field(start, 'variable scope', `${number} ${scope ?? 'unknown'}`);
    if (scope === undefined) {
      this.note('SPOP_BAD_ACTION', start, `expected a scope of 0 (proc) to 4 (res); found ${number}`);
    }
    return scope ?? 'proc';
  }

  /** `<FRAME-LENGTH:4 bytes>`; errors have offset 0, since the length is at fault. */
  #readLength(maxFrameSize: number): void {
    const length = this.takeUint32('frame length');
    this.field(0, 'frame length', String(length));
    checkLength(this, length, maxFrameSize);
  }

  /** `FRAME : <FRAME-TYPE:1 byte> <METADATA> <FRAME-PAYLOAD>` (§3.2) */
  readFrame(maxFrameSize: number): PlainFrame {
    this.#readLength(maxFrameSize);
    const typeByte = this.takeByte('frame type');
    this.field(LENGTH_BYTES, 'frame type', `${typeByte} ${frameTypeName(typeByte)}`);
    const header = this.#readMetadata();
    return this.#readPayload(typeByte, header);
  }

  /** `METADATA : <FLAGS:4 bytes> <STREAM-ID:varint> <FRAME-ID:varint>` */
  #readMetadata(): FrameHeader {
    const start = this.position;
    const flags = this.takeUint32('flags');
    this.field(start, 'flags', describeFlags(flags));
    const streamId = this.#readId('stream-id');
    return { flags, streamId, frameId: this.#readId('frame-id') };
  }

  #readId(label: string): bigint {
    const start = this.position;
    const id = this.takeVarint(label);
    this.field(start, label, String(id));
    return id;
  }

  #readPayload(typeByte: number, header: FrameHeader): PlainFrame {
    const name = frameTypeName(typeByte);
    switch (name) {
      case 'NOTIFY':
        return header.flags % 2 === 1
          ? { type: 'NOTIFY', ...header, messages: this.readMessages() }
          : { type: 'NOTIFY-FRAGMENT', ...header, payload: this.#readRest('fragment of the payload') };
      case 'UNSET':
        return { type: 'UNSET', ...header, payload: this.#readRest('fragment of the payload') };
      case 'ACK':
        return { type: 'ACK', ...header, actions: this.readActions() };
      case 'UNKNOWN':
        return { type: 'UNKNOWN', typeByte, ...header, payload: this.#readRest('payload') };
      default:
        return { type: name as KvFrame['type'], ...header, items: this.readKvList() };
    }
  }

  #readRest(label: string): Uint8Array {
    const start = this.position;
    const rest = this.takeBytes(this.remaining(), label);
    if (rest.length > 0) this.field(start, label, `${rest.length} bytes`);
    return rest;
  }
}

/** The two rules on a frame's length, checked once its four bytes are there. */
export function checkLength(reader: PlainReader, length: number, maxFrameSize: number): void {
  if (length > maxFrameSize) {
    reader.note(
      'SPOP_FRAME_TOO_BIG',
      0,
      `expected a frame of at most ${maxFrameSize} bytes; found a length of ${length}`,
    );
  }
  if (length < MIN_FRAME_BYTES) {
    reader.fail(
      'SPOP_FRAME_TOO_SMALL',
      0,
      `expected a frame of at least ${MIN_FRAME_BYTES} bytes; found a length of ${length}`,
    );
  }
}
