import { toBytes, writeFrame } from '@spop/builder';
import type { Argument, KvFrame, TypedData } from '@spop/builder';
import { Frame, SpopError, toAgentHello, toDisconnect, toHaproxyHello } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typedData, uint64 } from '../support/arbitraries.ts';
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

const integerTypes: readonly string[] = ['int32', 'uint32', 'int64', 'uint64'];

function utf8(value: string): string {
  return Buffer.from(toBytes(value)).toString('utf8');
}

/** A HELLO by the words of SPOE.txt §3.2.4 and §3.2.5; the code of the first thing that is wrong in the order of the items. */
function expectedHello(items: readonly Argument[], versionKey: string): Record<string, unknown> | string {
  const known: Record<string, string | number | boolean> = {};
  for (const { name, value } of items) {
    if (name === 'healthcheck') {
      if (value.type !== 'bool') return 'SPOP_INVALID_ITEM';
      known[name] = value.value;
    } else if (name === 'max-frame-size') {
      if (!integerTypes.includes(value.type) || !('value' in value)) return 'SPOP_INVALID_ITEM';
      const size = Number(value.value);
      if (size < 256 || size > 0xffff_ffff) return 'SPOP_BAD_MAX_FRAME_SIZE';
      known[name] = size;
    } else if (name === versionKey || name === 'capabilities' || name === 'engine-id') {
      if (value.type !== 'string') return 'SPOP_INVALID_ITEM';
      known[name] = utf8(value.value);
    }
  }
  if (known[versionKey] === undefined) return 'SPOP_NO_VERSION';
  if (known['max-frame-size'] === undefined) return 'SPOP_NO_MAX_FRAME_SIZE';
  if (known['capabilities'] === undefined) return 'SPOP_NO_CAPABILITIES';
  const capabilities = String(known['capabilities'])
    .split(',')
    .map((each) => each.trim());
  return { ...known, capabilities: capabilities.filter((each) => each !== '') };
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
        const expected = expectedHello(list, 'supported-versions');
        const hello = found(() => toHaproxyHello(readFrame({ type: 'HAPROXY-HELLO', ...header, items: list })));
        expect(hello).toEqual(
          typeof expected === 'string'
            ? expected
            : {
                supportedVersions: expected['supported-versions'],
                maxFrameSize: expected['max-frame-size'],
                capabilities: expected['capabilities'],
                healthcheck: expected['healthcheck'] ?? false,
                engineId: expected['engine-id'],
              },
        );
      }),
      1_500,
    );
  });

  it('from an agent say what their items say, or what is wrong with them', () => {
    check(
      fc.property(items, (list) => {
        const expected = expectedHello(list, 'version');
        const hello = found(() => toAgentHello(readFrame({ type: 'AGENT-HELLO', ...header, items: list })));
        expect(hello).toEqual(
          typeof expected === 'string'
            ? expected
            : {
                version: expected['version'],
                maxFrameSize: expected['max-frame-size'],
                capabilities: expected['capabilities'],
              },
        );
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
        const codes = list.filter(({ name, value }) => name === 'status-code' && integerTypes.includes(value.type));
        const last = codes.at(-1)?.value;
        const texts = list.filter(({ name }) => name === 'message').map(({ value }) => value);
        const { statusCode, message } = toDisconnect(readFrame({ type: 'AGENT-DISCONNECT', ...header, items: list }));
        expect(statusCode).toBe(last !== undefined && 'value' in last ? Number(last.value) : 99);
        const text = texts.at(-1);
        if (text === undefined || text.type === 'null') expect(message).toBe('');
        else if (text.type === 'string') expect(message).toBe(utf8(text.value));
        else if (text.type !== 'binary') expect(message).toBe(String(text.value));
      }),
      1_000,
    );
  });
});
