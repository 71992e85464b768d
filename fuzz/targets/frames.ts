import { ack, agentHello, data, toHex, varintBytes, writeFrame } from '@spop/builder';
import { Frame, SpopError, toAgentHello, toDisconnect, toHaproxyHello } from '@spop/codec';
import * as fc from 'fast-check';
import { anyStream, chunkSizes, frame as anyFrame, helloFrame, longStream } from '../support/arbitraries.ts';
import { frameOf } from '../support/frame-of.ts';
import { checkAgreement, expectSame, type Feeding, WHOLE } from '../support/plain-frames.ts';
import { plainDisconnect, plainHello } from '../support/plain-hello.ts';
import { checkAgentHello, checkDisconnect, checkHaproxyHello, checkWriting } from '../support/writing.ts';
import { capturedFrames, capturedStreams, type Target } from './target.ts';

/** The max-frame-size, relative to the length of the first frame. */
function maxFrameSizeOf(bytes: Buffer, choice: number): number {
  if (choice === 0 || bytes.length < 4) return WHOLE.maxFrameSize;
  return Math.min(Math.max(bytes.readUInt32BE(0) + 1 - choice, 7), 1_000_000);
}

export const frameStreamTarget: Target = {
  name: 'frame-stream',
  checks: 'the codec and the plain reader agree on a stream, in any chunks, with any limit, at any time of asking',
  maxBytes: 600,
  seeds: () => [
    ...capturedStreams(590).map((bytes) => Buffer.from([3, 1, 7, 60, ...bytes])),
    ...capturedFrames([0, 1, 2, 3], 300).map((frame) => Buffer.from([0, ...frame, ...frame])),
  ],
  inputs: () =>
    fc
      .tuple(chunkSizes(), fc.nat({ max: 31 }), fc.oneof(anyStream(), longStream()))
      .map(([sizes, how, bytes]) => Buffer.from([sizes.length + 8 * how, ...sizes, ...bytes])),
  run(input) {
    // The first byte: the number of chunk sizes after it, and bits that say how frames are asked for.
    const [how = 0] = input;
    const count = how & 7;
    const bytes = input.subarray(1 + count);
    const feeding: Feeding = {
      maxFrameSize: maxFrameSizeOf(bytes, how >> 6),
      chunkSizes: [...input.subarray(1, 1 + count)],
      canary: [0x5a, 0x00, 0x08, 0xff][bytes.length & 3]!,
      takes: ((how >> 4) & 3) === 0 ? Infinity : ((how >> 4) & 3) - 1,
      detaches: (how & 8) !== 0,
    };
    checkAgreement(bytes, feeding);
  },
};

/** Frame types by an input's first byte; the last one is unknown. */
const TYPES: readonly number[] = [3, 103, 1, 2, 101, 102, 0, 200];
const frame = new Frame();

/** The input for a frame. */
function asPayload(bytes: Uint8Array): Uint8Array {
  return Buffer.from([TYPES.indexOf(bytes[4]!) & 7, ...bytes.subarray(8)]);
}

/** What a reader of one frame says: its result, or the code of the peer's error. A result is written again. */
function readAndWrite<Result>(bytes: Buffer, read: (frame: Frame) => Result, write: (result: Result) => void): unknown {
  let result: Result;
  try {
    frame.read(bytes, 0, bytes.length);
    result = read(frame);
  } catch (error) {
    if (!(error instanceof SpopError) || error.status === undefined) throw error;
    return error.code;
  }
  write(result);
  return result;
}

export const payloadTarget: Target = {
  name: 'payload',
  checks:
    'the codec and the plain reader agree on one frame and what it means, and it is written again as the plain writer does',
  maxBytes: 500,
  seeds() {
    const integers = [100, 2_288n, 1n << 32n, -1n].flatMap((value) => [
      data.int64(value),
      data.int32(Number(BigInt.asIntN(32, BigInt(value)))),
    ]);
    const values = [null, true, false, ...integers, data.uint32(264_432), data.uint64(1n << 63n)];
    const more = [data.ipv4('192.0.2.1'), data.ipv6('2001:db8::1'), 'abc', '', 'x'.repeat(240), Buffer.alloc(3)];
    const acks = [...values, ...more].map((value) =>
      ack().setVar('sess', 'ip_score', value).unsetVar('txn', 'a').toBytes(),
    );
    // An INT32 whose upper half is not that of its sign.
    const halved = agentHello()
      .item('x', data.raw(`02${toHex(varintBytes(0xffff_ffffn))}`))
      .toBytes();
    return [...capturedFrames([0, 1, 2, 3], 500), ...acks, halved].map(asPayload);
  },
  inputs: () => fc.oneof(anyFrame().map(writeFrame), helloFrame().map(writeFrame)).map(asPayload),
  run(input) {
    const bytes = frameOf(TYPES[(input[0] ?? 0) & 7]!, input.subarray(2), input[1] ?? 1);
    const [plain] = checkAgreement(bytes, WHOLE).frames;
    const results = [
      readAndWrite(bytes, toHaproxyHello, checkHaproxyHello),
      readAndWrite(bytes, toAgentHello, checkAgentHello),
      readAndWrite(bytes, toDisconnect, checkDisconnect),
    ];
    // If several things are wrong with a malformed frame, readers may name another one.
    if (plain === undefined) {
      const accepted = results.filter((result) => typeof result !== 'string');
      return expectSame(accepted, []);
    }
    checkWriting(plain);
    const hellos = [plainHello(plain, 'HAPROXY-HELLO'), plainHello(plain, 'AGENT-HELLO')];
    expectSame(results, [...hellos, plainDisconnect(plain)]);
  },
};
