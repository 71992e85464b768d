import { ActionType, DataType, FrameType, Scope, type ScopeName, SpopError } from '@spop/codec';
import { ipv4Bytes, ipv6Bytes } from '../data/address.ts';
import type { Action, Argument, Message, PlainFrame } from '../data/model.ts';
import { concat, toBytes } from '../data/text.ts';
import type { RawData, TypedData } from '../data/typed-data.ts';

/**
 * The bytes of a varint (SPOE.txt §3.1, "Peers encoding").
 *
 * @throws {SpopError} SPOP_INVALID_VALUE for a value that is not 0 to 2^64-1.
 */
export function varintBytes(value: number | bigint): Uint8Array {
  let rest = BigInt(value);
  if (rest < 0n || rest >= 2n ** 64n) {
    throw new SpopError('SPOP_INVALID_VALUE', `expected 0 to 2^64-1 for a varint; found ${rest}`);
  }
  if (rest < 240n) return Uint8Array.of(Number(rest));
  const bytes = [Number((rest % 256n) | 0xf0n)];
  rest = (rest - 240n) / 16n;
  while (rest >= 128n) {
    bytes.push(Number((rest % 256n) | 0x80n));
    rest = (rest - 128n) / 128n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

/** A STRING without its type, the form of names (SPOE.txt §3.2): a varint length and the bytes. */
export function writeString(text: string | Uint8Array): Uint8Array {
  const bytes = toBytes(text);
  return concat([varintBytes(bytes.length), bytes]);
}

/** A signed value of 32 or 64 bits as the varint of its 64-bit two's complement. */
function writeSigned(value: number | bigint): Uint8Array {
  return varintBytes(BigInt.asUintN(64, BigInt(value)));
}

function addressBytes(bytes: Uint8Array | undefined, text: string): Uint8Array {
  if (bytes === undefined) throw new SpopError('SPOP_INVALID_VALUE', `expected an address; found ${text}`);
  return bytes;
}

function data(typed: TypedData, typeByte: number): Uint8Array {
  switch (typed.type) {
    case 'null':
      return Uint8Array.of(typeByte | DataType.Null);
    case 'bool':
      return Uint8Array.of(typeByte | DataType.Bool | (typed.value ? 0x10 : 0));
    case 'int32':
      return concat([Uint8Array.of(typeByte | DataType.Int32), writeSigned(typed.value)]);
    case 'uint32':
      return concat([Uint8Array.of(typeByte | DataType.Uint32), varintBytes(typed.value)]);
    case 'int64':
      return concat([Uint8Array.of(typeByte | DataType.Int64), writeSigned(typed.value)]);
    case 'uint64':
      return concat([Uint8Array.of(typeByte | DataType.Uint64), varintBytes(typed.value)]);
    case 'ipv4':
      return concat([Uint8Array.of(typeByte | DataType.Ipv4), addressBytes(ipv4Bytes(typed.value), typed.value)]);
    case 'ipv6':
      return concat([Uint8Array.of(typeByte | DataType.Ipv6), addressBytes(ipv6Bytes(typed.value), typed.value)]);
    case 'string':
      return concat([Uint8Array.of(typeByte | DataType.String), writeString(typed.value)]);
    case 'binary':
      return concat([Uint8Array.of(typeByte | DataType.Binary), writeString(typed.value)]);
  }
}

/** The bytes of one typed data (SPOE.txt §3.1), or the raw bytes instead. */
export function writeTypedData(typed: TypedData | RawData): Uint8Array {
  return typed.type === 'raw' ? typed.value : data(typed, (typed.flags ?? 0) * 16);
}

/** A KV-list (SPOE.txt §3.2): names and typed data, one after the other. */
export function writeKvList(
  items: readonly { readonly name: string | Uint8Array; readonly value: TypedData | RawData }[],
): Uint8Array {
  return concat(items.flatMap((item) => [writeString(item.name), writeTypedData(item.value)]));
}

/**
 * A message (SPOE.txt §3.2). The count byte is `nbArgs`, by default the number of arguments modulo 256, as HAProxy writes it.
 */
export function writeMessage(
  message: {
    readonly name: string | Uint8Array;
    readonly args: readonly { readonly name: string | Uint8Array; readonly value: TypedData | RawData }[];
  },
  nbArgs: number = message.args.length,
): Uint8Array {
  return concat([writeString(message.name), Uint8Array.of(nbArgs % 256), writeKvList(message.args)]);
}

/** An ACTION-SET-VAR (SPOE.txt §3.4); a `scope` that is a number may be an unknown one. */
export function writeSetVar(
  scope: ScopeName | number,
  name: string | Uint8Array,
  value: TypedData | RawData,
  nbArgs: number = 3,
): Uint8Array {
  const scopeByte = typeof scope === 'number' ? scope : Scope[scope];
  return concat([Uint8Array.of(ActionType.SetVar, nbArgs, scopeByte), writeString(name), writeTypedData(value)]);
}

/** An ACTION-UNSET-VAR (SPOE.txt §3.4); a `scope` that is a number may be an unknown one. */
export function writeUnsetVar(scope: ScopeName | number, name: string | Uint8Array, nbArgs: number = 2): Uint8Array {
  const scopeByte = typeof scope === 'number' ? scope : Scope[scope];
  return concat([Uint8Array.of(ActionType.UnsetVar, nbArgs, scopeByte), writeString(name)]);
}

/** One action (SPOE.txt §3.4). */
export function writeAction(action: Action): Uint8Array {
  return action.type === 'set-var'
    ? writeSetVar(action.scope, action.name, action.value)
    : writeUnsetVar(action.scope, action.name);
}

/** A 32-bit big-endian number. */
export function writeUint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** The fields of a frame for {@link writeRawFrame}. */
export interface RawFrame {
  /** The type byte, 0 to 255. */
  readonly typeByte: number;
  readonly flags: number;
  readonly streamId: number | bigint;
  readonly frameId: number | bigint;
  readonly payload: Uint8Array;
  /** The length field, 0 to 2^32-1, if it should differ from the frame's length. */
  readonly length?: number | undefined;
}

/** The bytes of a frame, with its length field (SPOE.txt §3.2). */
export function writeRawFrame(frame: RawFrame): Uint8Array {
  const body = concat([
    Uint8Array.of(frame.typeByte),
    writeUint32(frame.flags),
    varintBytes(frame.streamId),
    varintBytes(frame.frameId),
    frame.payload,
  ]);
  return concat([writeUint32(frame.length ?? body.length), body]);
}

const kvFrameTypes = {
  'HAPROXY-HELLO': FrameType.HaproxyHello,
  'HAPROXY-DISCONNECT': FrameType.HaproxyDisconnect,
  'AGENT-HELLO': FrameType.AgentHello,
  'AGENT-DISCONNECT': FrameType.AgentDisconnect,
} as const;

function typeAndPayload(frame: PlainFrame): { typeByte: number; payload: Uint8Array } {
  switch (frame.type) {
    case 'NOTIFY':
      return {
        typeByte: FrameType.Notify,
        payload: concat(frame.messages.map((message: Message) => writeMessage(message))),
      };
    case 'ACK':
      return { typeByte: FrameType.Ack, payload: concat(frame.actions.map(writeAction)) };
    case 'NOTIFY-FRAGMENT':
      return { typeByte: FrameType.Notify, payload: frame.payload };
    case 'UNSET':
      return { typeByte: FrameType.Unset, payload: frame.payload };
    case 'UNKNOWN':
      return { typeByte: frame.typeByte, payload: frame.payload };
    default:
      return { typeByte: kvFrameTypes[frame.type], payload: writeKvList(frame.items satisfies readonly Argument[]) };
  }
}

/**
 * The bytes of a plain frame, as `parse` returns it. Every input that `parse` accepts comes back byte for byte.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE when a value does not fit its type.
 */
export function writeFrame(frame: PlainFrame): Uint8Array {
  const { flags, streamId, frameId } = frame;
  return writeRawFrame({ ...typeAndPayload(frame), flags, streamId, frameId });
}
