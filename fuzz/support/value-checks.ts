import { DataType, type Frame, SpopError, type SpopErrorCode, type Value } from '@spop/codec';

/*
 * A value can be read in many ways that have to say the same. Plain comparisons instead of assertions: these run some
 * hundred thousand times a second.
 */

function fail(what: string): never {
  throw new Error(`the ways of reading one value differ: ${what}`);
}

/** Fails unless `read` throws the SpopError `code`, as the caller's fault. */
export function expectCode(code: SpopErrorCode, read: () => unknown): void {
  let result: unknown;
  // Stacks of errors that are expected are the largest part of all the work here.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    result = read();
  } catch (error) {
    if (error instanceof SpopError && error.code === code && error.status === undefined) return;
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  throw new Error(`expected ${code}; found ${String(result)}`);
}

/** Fails unless every way of reading `value` gives the same, and every way that does not fit its type is refused. */
export function checkValue(value: Value): void {
  const { type } = value;
  if (value.isNull !== (type === DataType.Null)) fail('isNull and type');
  if (type >= DataType.Int32 && type <= DataType.Uint64) checkInteger(value);
  else expectCode('SPOP_WRONG_TYPE', () => value.lo);
  if (type >= DataType.Ipv4) checkBytes(value);
  else expectCode('SPOP_WRONG_TYPE', () => value.byteLength);
  if (type === DataType.Ipv4 || type === DataType.Ipv6) checkAddress(value);
  else expectCode('SPOP_WRONG_TYPE', () => value.family);
  if (type === DataType.Bool) {
    if (value.toString() !== String(value.boolean)) fail('toString() and boolean');
  } else {
    expectCode('SPOP_WRONG_TYPE', () => value.boolean);
  }
}

function checkInteger(value: Value): void {
  const big = value.toBigInt();
  if (BigInt.asIntN(32, big) !== BigInt(value.lo)) fail(`lo ${value.lo} and toBigInt() ${big}`);
  if (BigInt.asIntN(32, big >> 32n) !== BigInt(value.hi)) fail(`hi ${value.hi} and toBigInt() ${big}`);
  if (value.toString() !== big.toString()) fail('toString() and toBigInt()');
  const number = Number(big);
  if (!Number.isSafeInteger(number)) expectCode('SPOP_UNSAFE_INTEGER', () => value.toNumber());
  else if (!Object.is(value.toNumber(), number)) fail(`toNumber() ${value.toNumber()} and toBigInt() ${big}`);
}

function checkBytes(value: Value): void {
  const bytes = value.toBytes();
  const { length } = bytes;
  if (value.byteLength !== length) fail('byteLength and toBytes()');
  for (const index of [0, length >> 1, length - 1]) {
    if (value.byteAt(index) !== (bytes[index] ?? -1)) fail(`byteAt(${index}) and toBytes()`);
  }
  if (value.byteAt(length) !== -1 || value.byteAt(-1) !== -1) fail('byteAt() outside of the value');
  if (!value.equals(bytes)) fail('equals() and toBytes()');
  if (value.equals(Buffer.concat([bytes, Buffer.of(0)]))) fail('equals() with a longer value');
  checkDifferences(value, bytes);
  const target = Buffer.alloc(length + 2, 0x5a);
  if (value.copyTo(target, 1) !== length || !target.subarray(1, 1 + length).equals(bytes)) fail('copyTo()');
  if (target[0] !== 0x5a || target[length + 1] !== 0x5a) fail('copyTo() wrote outside of its target');
  if (value.type >= DataType.String) checkText(value, bytes);
}

/** Whatever is one bit or one byte away is another value. */
function checkDifferences(value: Value, bytes: Buffer): void {
  const { length } = bytes;
  if (length === 0) return;
  if (value.equals(bytes.subarray(0, length - 1))) fail('equals() with a shorter value');
  for (const index of [0, length - 1]) {
    const other = Buffer.from(bytes);
    other[index]! ^= 1;
    if (value.equals(other)) fail(`equals() with another byte at ${index}`);
  }
  const small = Buffer.alloc(1);
  if (value.copyTo(small) !== 1 || small[0] !== bytes[0]) fail('copyTo() a target that is too small');
}

function checkText(value: Value, bytes: Buffer): void {
  const text = value.toString();
  if (text !== bytes.toString('utf8')) fail('toString() and toBytes()');
  const isUtf8 = Buffer.from(text).equals(bytes);
  if (value.equals(text) !== isUtf8) fail(`equals(${JSON.stringify(text)})`);
  if (isUtf8 && !value.startsWith(text.slice(0, text.length >> 1).toWellFormed()) && isCutWell(text)) {
    fail(`startsWith() of the first half of ${JSON.stringify(text)}`);
  }
  const shorter = text.slice(0, -1).toWellFormed();
  if (text !== '' && isUtf8 && value.equals(shorter)) fail(`equals() with less text: ${JSON.stringify(shorter)}`);
  if (value.equals(`${text}x`) || value.startsWith(`${text}x`)) fail('equals() or startsWith() with more text');
  checkParts(value, bytes, text);
}

/** A part of the text is found at its place, and letters of both cases count as equal. */
function checkParts(value: Value, bytes: Buffer, text: string): void {
  const from = text.length >> 2;
  const part = text.slice(from, text.length - from).toWellFormed();
  const at = bytes.indexOf(part);
  if (value.indexOf(part) !== at || value.includes(part) !== at >= 0) fail(`indexOf(${JSON.stringify(part)})`);
  const end = text.slice(from).toWellFormed();
  const size = Buffer.byteLength(end);
  const isEnd = size <= bytes.length && bytes.subarray(bytes.length - size).equals(Buffer.from(end));
  if (value.endsWith(end) !== isEnd) fail(`endsWith(${JSON.stringify(end)})`);
  if (value.endsWith(`x${text}`) || value.includes(`${text}x`)) fail('endsWith() or includes() with more text');
  const upper = text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
  if (value.equalsIgnoreCase(upper) !== value.equals(text)) fail(`equalsIgnoreCase(${JSON.stringify(upper)})`);
  if (value.includesIgnoreCase(upper) !== value.includes(text)) fail(`includesIgnoreCase(${JSON.stringify(upper)})`);
  const target = Buffer.alloc(bytes.length);
  const copied = value.copyTo(target, 0, 1, bytes.length - 1);
  if (!target.subarray(0, copied).equals(bytes.subarray(1, Math.max(1, bytes.length - 1)))) fail('copyTo() of a part');
}

/** Whether the first half of the text does not end within a surrogate pair. */
function isCutWell(text: string): boolean {
  return text.slice(0, text.length >> 1).isWellFormed();
}

function checkAddress(value: Value): void {
  const bytes = value.toBytes();
  if (bytes.length !== (value.family === 4 ? 4 : 16)) fail('family and toBytes()');
  if (value.toBigInt() !== BigInt(`0x${bytes.toString('hex')}`)) fail('toBigInt() and toBytes()');
  for (let word = 0; word < bytes.length / 4; word++) {
    if (value.wordAt(word) !== bytes.readInt32BE(word * 4)) fail(`wordAt(${word}) and toBytes()`);
  }
  if (!value.equals(value.toString())) fail('equals() and toString()');
  if (value.equals(value.family === 4 ? '203.0.113.77' : '2001:db8::77') && !/\.77$|::77$/.test(value.toString())) {
    fail('equals() with another address');
  }
  if (value.family === 4) {
    if (value.toNumber() !== bytes.readUInt32BE(0)) fail('toNumber() and toBytes()');
  } else {
    expectCode('SPOP_WRONG_TYPE', () => value.toNumber());
  }
}

/** Fails unless the ids and flags of a frame are the same however they are read. */
export function checkHeader(frame: Frame): void {
  checkId(frame.toStreamId(), () => frame.streamId);
  checkId(frame.toFrameId(), () => frame.frameId);
  if (frame.fin !== ((frame.flags & 1) !== 0) || frame.abort !== ((frame.flags & 2) !== 0))
    fail('flags, fin and abort');
  if (!frame.hasIdsOf(frame)) fail('hasIdsOf() of the frame itself');
}

/** Fails unless `read` gives the id as a number, or refuses one that no number can hold. */
export function checkId(id: bigint, read: () => number): void {
  if (id > BigInt(Number.MAX_SAFE_INTEGER)) expectCode('SPOP_UNSAFE_INTEGER', read);
  else if (read() !== Number(id)) fail(`an id as number and as bigint ${id}`);
}
