import { writeFrame } from '@spop/builder';
import type { Argument, KvFrame, TypedData } from '@spop/builder';
import { Frame, SpopError, toAgentHello, toDisconnect, toHaproxyHello } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typedData, uint64 } from '../support/arbitraries.ts';
import { expectedDisconnect, expectedHello } from '../support/hello-by-the-text.ts';
import { check } from '../support/runs.ts';

function readFrame(plain: KvFrame): Frame {
  const bytes = Buffer.from(writeFrame(plain));
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  return frame;
}

const KEYS = [
  'supported-versions',
  'version',
  'max-frame-size',
  'capabilities',
  'engine-id',
  'healthcheck',
  'status-code',
  'message',
  'other',
  '',
] as const;

function item(): fc.Arbitrary<Argument> {
  const text = fc.constantFrom('2.0', '', ' pipelining, async ,,x', 'pipelining', '1.0,2.0');
  const value = fc.oneof(
    { weight: 3, arbitrary: text.map((each): TypedData => ({ type: 'string', value: each })) },
    { weight: 2, arbitrary: uint64().map((each): TypedData => ({ type: 'uint64', value: each })) },
    { weight: 1, arbitrary: fc.boolean().map((each): TypedData => ({ type: 'bool', value: each })) },
    { weight: 1, arbitrary: typedData() },
  );
  return fc.record({ name: fc.constantFrom(...KEYS), value });
}

function found(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    expect(error.status).toBeDefined();
    return error.code;
  }
}

const header = { flags: 1, streamId: 0n, frameId: 0n };

describe('HELLO frames with any items', () => {
  const items = fc.array(item(), { maxLength: 8 });

  it('from HAProxy say what their items say, or what is wrong with them', () => {
    check(
      fc.property(items, (list) => {
        const frame = readFrame({ type: 'HAPROXY-HELLO', ...header, items: list });
        expect(found(() => toHaproxyHello(frame))).toEqual(expectedHello(list, 'HAPROXY-HELLO'));
      }),
      1_500,
    );
  });

  it('from an agent say what their items say, or what is wrong with them', () => {
    check(
      fc.property(items, (list) => {
        const frame = readFrame({ type: 'AGENT-HELLO', ...header, items: list });
        expect(found(() => toAgentHello(frame))).toEqual(expectedHello(list, 'AGENT-HELLO'));
      }),
      1_500,
    );
  });
});

describe('control frames', () => {
  it('are taken with FIN and ids of 0 only', () => {
    const flags = fc.integer({ min: 0, max: 0xffff_ffff });
    const id = fc.oneof(fc.constant(0n), uint64());
    const types = fc.constantFrom('HAPROXY-HELLO', 'HAPROXY-DISCONNECT', 'AGENT-HELLO', 'AGENT-DISCONNECT');
    check(
      fc.property(types, flags, id, id, (type, bits, streamId, frameId) => {
        const frame = readFrame({ type, flags: bits, streamId, frameId, items: [] });
        const isHello = type === 'HAPROXY-HELLO';
        const isDisconnect = type.endsWith('DISCONNECT');
        const start =
          bits % 2 === 0 ? 'SPOP_FRAGMENTED_FRAME' : streamId + frameId > 0n ? 'SPOP_UNEXPECTED_FRAME' : undefined;
        expect(found(() => toHaproxyHello(frame))).toBe(
          isHello ? (start ?? 'SPOP_NO_VERSION') : 'SPOP_UNEXPECTED_FRAME',
        );
        expect(found(() => toDisconnect(frame))).toEqual(
          isDisconnect ? (start ?? { statusCode: 99, message: '' }) : 'SPOP_UNEXPECTED_FRAME',
        );
      }),
      1_000,
    );
  });
});

describe('DISCONNECT frames with any items', () => {
  it('give the last status code and message that they have', () => {
    check(
      fc.property(fc.array(item(), { maxLength: 6 }), (list) => {
        const frame = readFrame({ type: 'AGENT-DISCONNECT', ...header, items: list });
        expect(toDisconnect(frame)).toEqual(expectedDisconnect(list));
      }),
      1_000,
    );
  });
});
