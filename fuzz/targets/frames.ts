import { checkAgreement, type Feeding } from '../support/plain-frames.ts';
import { readCaptures } from '@spop-internal/testbed/captures';
import type { Target } from './target.ts';

const MAX_FRAME_SIZE = 16_380;
const whole: Feeding = { maxFrameSize: MAX_FRAME_SIZE, chunkSizes: [], canary: 0x5a };

/** A frame of one byte per id around a payload. */
export function frameAround(type: number, payload: Uint8Array, flags: number = 1): Buffer {
  const frame = Buffer.alloc(11 + payload.length);
  frame.writeUInt32BE(7 + payload.length, 0);
  frame[4] = type;
  frame.writeUInt32BE(flags, 5);
  frame.set(payload, 11);
  return frame;
}

/** Every distinct beginning of what real HAProxy sent, up to `maxBytes`: small captures whole, large ones not at all. */
export function* capturedFrames(types: readonly number[], maxBytes: number): Generator<Buffer> {
  for (const capture of readCaptures()) {
    for (const { offset, length } of capture.frames) {
      const frame = Buffer.from(capture.bytes.subarray(offset, offset + 4 + length));
      if (frame.length <= maxBytes && types.includes(frame[4]!)) yield frame;
    }
  }
}

/** The payload after ids of one byte each, as nearly all captures have them. */
export function* capturedPayloads(types: readonly number[], maxBytes: number): Generator<Buffer> {
  for (const frame of capturedFrames(types, maxBytes)) {
    if (frame[9]! < 240 && frame[10]! < 240) yield frame.subarray(11);
  }
}

export const frameStreamTarget: Target = {
  name: 'frame-stream',
  checks: 'the codec and the plain reader agree on a stream, in chunks whose sizes the first bytes say',
  maxBytes: 600,
  *seeds() {
    for (const { bytes } of readCaptures()) {
      if (bytes.length <= 590) yield Buffer.from([3, 1, 7, 60, ...bytes]);
    }
    for (const frame of capturedFrames([0, 1, 2, 3], 300)) yield Buffer.from([0, ...frame, ...frame]);
  },
  run(input) {
    const count = (input[0] ?? 0) & 7;
    const chunkSizes = [...input.subarray(1, 1 + count)];
    checkAgreement(input.subarray(1 + count), { ...whole, chunkSizes });
  },
};

function payloadTarget(name: string, type: number, captured: readonly number[], checks: string): Target {
  return {
    name,
    checks,
    maxBytes: 500,
    seeds: () => (captured.length > 0 ? capturedPayloads(captured, 500) : agentPayloads()),
    run(input) {
      checkAgreement(frameAround(type, input), whole);
    },
  };
}

/** The payloads of ACKs that an agent sends, one per action and type: HAProxy's captures hold none. */
function* agentPayloads(): Generator<Buffer> {
  const values = ['00', '11', '01', '0205', '02f0fefefefefefefe0e', '03fff0fefe7e', '04f000', '05f0fffefefefefefe0e'];
  values.push('0601020304', `07${'20010db8'.padEnd(32, '0')}`, '0803616263', '0900', '08f000');
  for (const value of values) yield Buffer.from(`01030108${Buffer.from('ip_score').toString('hex')}${value}`, 'hex');
  yield Buffer.from('0202020161', 'hex');
  yield Buffer.from('00', 'hex');
  yield Buffer.from('01030001610001030101620401030203616263110202040164', 'hex');
}

export const messageWalkTarget: Target = payloadTarget(
  'message-walk',
  3,
  [3],
  'the codec and the plain reader agree on the messages and arguments of a NOTIFY',
);

export const actionsTarget: Target = payloadTarget(
  'actions',
  103,
  [],
  'the codec and the plain reader agree on the actions of an ACK',
);

export const typedDataTarget: Target = {
  name: 'typed-data',
  checks:
    'the codec and the plain reader agree on one typed data after the other, and every way of reading each agrees',
  maxBytes: 100,
  *seeds() {
    for (const payload of agentPayloads()) yield payload.subarray(12);
  },
  run(input) {
    // After each typed data comes an empty name, so that the next one follows.
    checkAgreement(frameAround(101, Buffer.concat([Buffer.of(0), input])), whole);
  },
};
