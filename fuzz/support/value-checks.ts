import { DataType, type Frame, SpopError, type SpopErrorCode, type Value } from '@spop/codec';

/** Fails unless both are the same. It makes no text unless they differ, since it runs some hundred thousand times a second. */
function same(found: unknown, expected: unknown, what: string): void {
  if (!Object.is(found, expected))
    throw new Error(`expected ${what} to be ${String(expected)}; found ${String(found)}`);
}

function sameBytes(found: Buffer, expected: Uint8Array, what: string): void {
  if (!found.equals(expected)) throw new Error(`expected ${what} to be ${String(expected)}; found ${String(found)}`);
}

/** The error's code of a refused read. */
export function codeOf(read: () => unknown): SpopErrorCode | undefined {
  // The stacks of expected errors would be the largest part of all work here.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof SpopError) || error.status !== undefined) throw error;
    return error.code;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Fails unless `read` throws the SpopError `code` as the caller's fault. */
export function expectCode(code: SpopErrorCode, read: () => unknown): void {
  same(codeOf(read), code, 'the refusal');
}

/** Fails unless every way of reading `value` gives the same, and every way that does not fit its type is refused. */
export function checkValue(value: Value): void {
  const { type } = value;
  const isAddress = type === DataType.Ipv4 || type === DataType.Ipv6;
  same(value.isNull, type === DataType.Null, 'isNull');
  if (type >= DataType.Int32 && type <= DataType.Uint64) checkInteger(value);
  else expectCode('SPOP_WRONG_TYPE', () => value.lo);
  if (type >= DataType.Ipv4) checkBytes(value, value.toBytes());
  else expectCode('SPOP_WRONG_TYPE', () => value.byteLength);
  if (isAddress) checkAddress(value, value.toBytes());
  else expectCode('SPOP_WRONG_TYPE', () => value.family);
  if (type >= DataType.String) checkText(value, value.toBytes());
  if (type === DataType.Bool) same(value.toString(), String(value.boolean), 'toString()');
  else expectCode('SPOP_WRONG_TYPE', () => value.boolean);
}

function checkInteger(value: Value): void {
  const big = value.toBigInt();
  same(BigInt(value.lo), BigInt.asIntN(32, big), 'lo');
  same(BigInt(value.hi), BigInt.asIntN(32, big >> 32n), 'hi');
  same(value.toString(), big.toString(), 'toString()');
  const number = Number(big);
  if (Number.isSafeInteger(number)) same(value.toNumber(), number, 'toNumber()');
  else expectCode('SPOP_UNSAFE_INTEGER', () => value.toNumber());
}

function checkBytes(value: Value, bytes: Buffer): void {
  const { length } = bytes;
  same(value.byteLength, length, 'byteLength');
  for (const at of [-1, 0, length >> 1, length - 1, length]) same(value.byteAt(at), bytes[at] ?? -1, `byteAt(${at})`);
  same(value.equals(bytes), true, 'equals() with the same bytes');
  same(value.equals(Buffer.concat([bytes, Buffer.of(0)])), false, 'equals() with a byte more');
  const copy = Buffer.alloc(length + 2, 0x5a);
  same(value.copyTo(copy, 1), length, 'copyTo()');
  sameBytes(copy, Buffer.from([0x5a, ...bytes, 0x5a]), 'the target of copyTo()');
  if (length === 0) return;
  same(value.equals(bytes.subarray(0, length - 1)), false, 'equals() with a byte less');
  for (const at of [0, length - 1]) {
    const other = Buffer.from(bytes);
    other[at]! ^= 1;
    same(value.equals(other), false, `equals() with another byte at ${at}`);
  }
  const small = Buffer.alloc(1);
  same(value.copyTo(small), 1, 'copyTo() a target of one byte');
  same(small[0], bytes[0], 'the target of one byte');
}

function checkText(value: Value, bytes: Buffer): void {
  const text = value.toString();
  same(text, bytes.toString('utf8'), 'toString()');
  const isUtf8 = Buffer.from(text).equals(bytes);
  const half = text.slice(0, text.length >> 1);
  same(value.equals(text), isUtf8, 'equals() with its text');
  if (isUtf8 && half.isWellFormed()) same(value.startsWith(half), true, 'startsWith() of its first half');
  if (isUtf8 && text !== '') same(value.equals(text.slice(0, -1).toWellFormed()), false, 'equals() with less text');
  same(value.equals(`${text}x`) || value.startsWith(`${text}x`), false, 'equals() or startsWith() with more text');
  same(value.endsWith(`x${text}`) || value.includes(`${text}x`), false, 'endsWith() or includes() with more text');
  const from = text.length >> 2;
  const part = text.slice(from, text.length - from).toWellFormed();
  same(value.indexOf(part), bytes.indexOf(part), 'indexOf() of its middle');
  same(value.includes(part), bytes.includes(part), 'includes() of its middle');
  const end = Buffer.from(text.slice(from));
  const isEnd = end.length <= bytes.length && bytes.subarray(bytes.length - end.length).equals(end);
  same(value.endsWith(end.toString()), isEnd, 'endsWith() of its end');
  const upper = text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
  same(value.equalsIgnoreCase(upper), isUtf8, 'equalsIgnoreCase() with capitals');
  same(value.includesIgnoreCase(upper), isUtf8, 'includesIgnoreCase() with capitals');
  const target = Buffer.alloc(bytes.length);
  const copied = value.copyTo(target, 0, 1, bytes.length - 1);
  sameBytes(target.subarray(0, copied), bytes.subarray(1, Math.max(1, bytes.length - 1)), 'copyTo() of a part');
}

function checkAddress(value: Value, bytes: Buffer): void {
  same(bytes.length, value.family === 4 ? 4 : 16, 'the number of bytes');
  same(value.toBigInt(), BigInt(`0x${bytes.toString('hex')}`), 'toBigInt()');
  for (let at = 0; at < bytes.length; at += 4) same(value.wordAt(at / 4), bytes.readInt32BE(at), `wordAt(${at / 4})`);
  same(value.equals(value.toString()), true, 'equals() with its text');
  const other = value.family === 4 ? '203.0.113.77' : '2001:db8::77';
  same(value.equals(other), value.toString() === other, 'equals() with another address');
  if (value.family === 4) same(value.toNumber(), bytes.readUInt32BE(0), 'toNumber()');
  else expectCode('SPOP_WRONG_TYPE', () => value.toNumber());
}

/** Fails unless the ids and flags of a frame are the same however they are read. */
export function checkHeader(frame: Frame): void {
  checkId(frame.toStreamId(), () => frame.streamId);
  checkId(frame.toFrameId(), () => frame.frameId);
  same(frame.fin, (frame.flags & 1) !== 0, 'fin');
  same(frame.abort, (frame.flags & 2) !== 0, 'abort');
  same(frame.hasIdsOf(frame), true, 'hasIdsOf() of the frame itself');
}

/** Fails unless `read` gives the id as a number, or refuses one above 2^53 - 1. */
export function checkId(id: bigint, read: () => number): void {
  if (id > BigInt(Number.MAX_SAFE_INTEGER)) expectCode('SPOP_UNSAFE_INTEGER', read);
  else same(read(), Number(id), 'the id');
}
