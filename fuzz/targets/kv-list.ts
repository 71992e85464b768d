import type { KvFrame } from '@spop/builder';
import { Frame, SpopError, toAgentHello, toDisconnect, toHaproxyHello } from '@spop/codec';
import { expectedDisconnect, expectedHello } from '../support/hello-by-the-text.ts';
import { checkAgreement, expectSame } from '../support/plain-frames.ts';
import { capturedPayloads, frameAround } from './frames.ts';
import type { Target } from './target.ts';

const TYPES = [1, 2, 101, 102] as const;
const frame = new Frame();

function found(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpopError) || error.status === undefined) throw error;
    return error.code;
  }
}

function checkMeaning(type: number, plain: KvFrame): void {
  if (type === 1)
    expectSame(
      found(() => toHaproxyHello(frame)),
      expectedHello(plain.items, 'HAPROXY-HELLO'),
    );
  else if (type === 101)
    expectSame(
      found(() => toAgentHello(frame)),
      expectedHello(plain.items, 'AGENT-HELLO'),
    );
  else
    expectSame(
      found(() => toDisconnect(frame)),
      expectedDisconnect(plain.items),
    );
}

export const kvListTarget: Target = {
  name: 'kv-list',
  checks: 'HELLO and DISCONNECT frames say what their items say, or what is wrong with them',
  maxBytes: 300,
  *seeds() {
    for (const [index, type] of TYPES.entries()) {
      for (const payload of capturedPayloads([type % 100], 300)) yield Buffer.from([index, ...payload]);
    }
    yield Buffer.from([2, ...Buffer.from('0776657273696f6e0803322e30', 'hex')]);
  },
  run(input) {
    const type = TYPES[(input[0] ?? 0) & 3]!;
    const bytes = frameAround(type, input.subarray(1));
    const { frames, error } = checkAgreement(bytes, { maxFrameSize: 16_380, chunkSizes: [], canary: 0xff });
    frame.read(bytes, 0, bytes.length);
    const [plain] = frames;
    if (plain !== undefined && 'items' in plain) checkMeaning(type, plain);
    // What is malformed is malformed; another item may be wrong before it.
    else if (error !== undefined && typeof found(() => toHaproxyHello(frame)) !== 'string') {
      throw new Error(`expected ${error.code}; found a HELLO`);
    }
  },
};
