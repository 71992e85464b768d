import { isIPv4, isIPv6 } from 'node:net';
import { encodeVarint } from './varint.ts';

export type Scope = 'proc' | 'sess' | 'txn' | 'req' | 'res';

/** A value with the wire type it is to have. */
export type TypedValue =
  | { type: 'null' }
  | { type: 'bool'; value: boolean }
  | { type: 'int32' | 'uint32' | 'int64' | 'uint64'; value: number | bigint }
  | { type: 'ipv4' | 'ipv6' | 'string'; value: string }
  | { type: 'binary'; value: Uint8Array };

export type Action =
  | { action: 'set-var'; scope: Scope; name: string; value: TypedValue }
  | { action: 'unset-var'; scope: Scope; name: string };

const scopes: Record<Scope, number> = { proc: 0, sess: 1, txn: 2, req: 3, res: 4 };
const integerTypes = { int32: 2, uint32: 3, int64: 4, uint64: 5 } as const;

/** Writes an ACK frame (SPOE.txt §3.2.7) with its length field: every piece a buffer, joined at the end. */
export function encodeAck(streamId: bigint, frameId: bigint, actions: readonly Action[]): Buffer {
  const flags = Buffer.alloc(4);
  flags.writeUInt32BE(1);
  const body = Buffer.concat([
    Buffer.from([103]),
    flags,
    encodeVarint(streamId),
    encodeVarint(frameId),
    ...actions.map(encodeAction),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function encodeAction(action: Action): Buffer {
  const name = encodeString(action.name);
  const scope = scopes[action.scope];
  if (action.action === 'unset-var') {
    return Buffer.concat([Buffer.from([2, 2, scope]), name]);
  }
  return Buffer.concat([Buffer.from([1, 3, scope]), name, encodeTypedData(action.value)]);
}

/** Writes one typed data (SPOE.txt §3.1). */
export function encodeTypedData(typed: TypedValue): Buffer {
  switch (typed.type) {
    case 'null':
      return Buffer.from([0]);
    case 'bool':
      return Buffer.from([typed.value ? 0x11 : 0x01]);
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64': {
      const value = BigInt.asUintN(64, BigInt(typed.value));
      return Buffer.concat([Buffer.from([integerTypes[typed.type]]), encodeVarint(value)]);
    }
    case 'ipv4':
      return Buffer.from([6, ...ipv4Bytes(typed.value)]);
    case 'ipv6':
      return Buffer.from([7, ...ipv6Bytes(typed.value)]);
    case 'string':
      return Buffer.concat([Buffer.from([8]), encodeString(typed.value)]);
    case 'binary':
      return Buffer.concat([Buffer.from([9]), encodeVarint(BigInt(typed.value.length)), typed.value]);
  }
}

/** Writes a name or string: its length in bytes, then UTF-8. */
export function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([encodeVarint(BigInt(bytes.length)), bytes]);
}

function ipv4Bytes(text: string): number[] {
  if (!isIPv4(text)) {
    throw new Error(`${text} is no IPv4 address`);
  }
  return text.split('.').map(Number);
}

function ipv6Bytes(text: string): number[] {
  if (!isIPv6(text) || text.includes('.') || text.includes('%')) {
    throw new Error(`${text} is no IPv6 address in hexadecimal groups`);
  }
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
