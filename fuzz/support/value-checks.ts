import { DataType, type Frame, SpopError, type SpopErrorCode, type Value } from '@spop/codec';

/** Fails unless both are the same. It makes no text unless they differ, since it runs some hundred thousand times a second. */
function same(found: unknown, expected: unknown, what: string): void {
  if (!Object.is(found, expected))
    throw new Error(`expected ${what} to be ${String(expected)}; found ${String(found)}`);
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

/** Fails unless the ways of reading `value` give the same, and those that do not fit its type are refused. */
export function checkValue(value: Value): void {
  const { type } = value;
  const isInteger = type >= DataType.Int32 && type <= DataType.Uint64;
  same(value.isNull, type === DataType.Null, 'isNull');
  if (type === DataType.Bool) same(value.toString(), String(value.boolean), 'toString()');
  else expectCode('SPOP_WRONG_TYPE', () => value.boolean);
  if (isInteger) checkInteger(value);
  else expectCode('SPOP_WRONG_TYPE', () => value.lo);
  if (type >= DataType.Ipv4) checkBytes(value, value.toBytes());
  else expectCode('SPOP_WRONG_TYPE', () => value.byteLength);
  if (type !== DataType.Ipv4 && type !== DataType.Ipv6) expectCode('SPOP_WRONG_TYPE', () => value.family);
}

function checkInteger(value: Value): void {
  const big = value.toBigInt();
  same(BigInt(value.lo), BigInt.asIntN(32, big), 'lo');
  same(BigInt(value.hi), BigInt.asIntN(32, big >> 32n), 'hi');
  same(value.toString(), big.toString(), 'toString()');
  if (Number.isSafeInteger(Number(big))) same(value.toNumber(), Number(big), 'toNumber()');
  else expectCode('SPOP_UNSAFE_INTEGER', () => value.toNumber());
}

/** Bytes, an address or text. The codec's own tests state how text is searched in it, and how it is copied. */
function checkBytes(value: Value, bytes: Buffer): void {
  const { length } = bytes;
  same(value.byteLength, length, 'byteLength');
  for (const at of [-1, 0, length - 1, length]) same(value.byteAt(at), bytes[at] ?? -1, `byteAt(${at})`);
  same(value.equals(bytes), true, 'equals() with the same bytes');
  same(value.equals(Buffer.concat([bytes, Buffer.of(0)])), false, 'equals() with a byte more');
  if (value.type === DataType.String) same(value.toString(), bytes.toString('utf8'), 'toString()');
  else if (value.type !== DataType.Binary) same(value.equals(value.toString()), true, 'equals() with its text');
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
