import { ack, data, notify, parseAck, toText, writeFrame, writeTypedData } from '@spop/builder';
import type { Action, Message, TypedData } from '@spop/builder';
import {
  AckWriter,
  address,
  type AnyValueType,
  binary,
  bool,
  defineVariable,
  Frame,
  FrameType,
  FrameWriter,
  int32,
  int64,
  integer,
  interned,
  ipv4,
  ipv6,
  NotifyWriter,
  SpopError,
  string,
  uint32,
  uint64,
  type ValueType,
  writeAgentHello,
  writeDisconnect,
  writeHaproxyHello,
} from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scope, variableName } from '@spop/builder/arbitraries';
import { message, text, typedData, uint64 as anyId } from '../support/arbitraries.ts';
import { check } from '../support/runs.ts';

const types: Readonly<Record<string, AnyValueType>> = {
  bool,
  int32,
  uint32,
  int64,
  uint64,
  ipv4,
  ipv6,
  string,
  binary,
};

/** Types that are written as one of the others. */
const moreTypes: typeof types = { ...types, integer, address, interned: interned(string) };

/** The declared type of a typed data, and the plain value that a caller would write; undefined for NULL. */
function writable(data: TypedData): { type: ValueType<unknown, unknown>; value: unknown } | undefined {
  if (data.type === 'null') return undefined;
  // Each typed data's plain value is one that its own type takes.
  return { type: types[data.type] as unknown as ValueType<unknown, unknown>, value: data.value };
}

/** Text that can be written as text: the builder's lone surrogates for wrong UTF-8 are its own way. */
function isWritable(data: TypedData): boolean {
  return data.type !== 'string' || data.value.isWellFormed();
}

function actions(): fc.Arbitrary<Action[]> {
  const name = variableName();
  const value = typedData().filter(isWritable);
  return fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('set-var' as const), scope: scope(), name, value }),
      fc.record({ type: fc.constant('unset-var' as const), scope: scope(), name }),
    ),
    { maxLength: 8 },
  );
}

function writeAction(writer: AckWriter, action: Action): void {
  if (action.type === 'unset-var') {
    writer.unset(defineVariable(action.scope, action.name, bool));
    return;
  }
  const given = writable(action.value);
  if (given === undefined) writer.setNull(defineVariable(action.scope, action.name, bool));
  else writer.set(defineVariable(action.scope, action.name, given.type), given.value);
}

function idsOf(streamId: bigint, frameId: bigint): Frame {
  const bytes = Buffer.from(notify({ streamId, frameId }).toBytes());
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  return frame;
}

const CANARY = 0x5a;
const BEFORE = 7;
/** Bytes below its limit, after what was written last, that a writer may fill with zeros. */
const MOST_PADDING = 2;

/** Fails unless all bytes but those from `start` to `end` are the canary's. */
function expectUntouched(buffer: Buffer, start: number, end: number): void {
  const canary = Buffer.alloc(buffer.length, CANARY);
  expect(buffer.subarray(0, start).equals(canary.subarray(0, start))).toBe(true);
  expect(buffer.subarray(end).equals(canary.subarray(end))).toBe(true);
}

function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('ACKs', () => {
  it('are written as the plain writer does it, and read back as the same actions', () => {
    check(
      fc.property(actions(), anyId(), anyId(), (list, streamId, frameId) => {
        const expected = writeFrame({ type: 'ACK', flags: 1, streamId, frameId, actions: list });
        const writer = new AckWriter();
        const buffer = Buffer.alloc(BEFORE + expected.length + 20, CANARY);
        writer.beginAck(buffer, BEFORE, buffer.length - 3, idsOf(streamId, frameId));
        for (const action of list) writeAction(writer, action);
        const end = writer.end();
        expectUntouched(buffer, BEFORE, Math.min(end + MOST_PADDING, buffer.length - 3));
        const written = Uint8Array.from(buffer.subarray(BEFORE, end));
        expect(parseAck(written, { maxFrameSize: 1_000_000 }).actions).toEqual(list);
        // An ACK without actions carries one byte 00 instead of an empty payload.
        expect(written).toEqual(list.length > 0 ? expected : ack({ streamId, frameId }).raw('00').toBytes());
      }),
      600,
    );
  });

  it('hold every action that fits under the limit, refuse the first that does not, and touch no byte after it', () => {
    check(
      fc.property(actions(), fc.integer({ min: 10, max: 400 }), anyId(), (list, room, streamId) => {
        const buffer = Buffer.alloc(BEFORE + room + 40, CANARY);
        const limit = BEFORE + room;
        const writer = new AckWriter();
        const ids = idsOf(streamId, 1n);
        const needed = ack({ streamId, frameId: 1n }).toBytes().length + 1;
        const refused = errorOf(() => writer.beginAck(buffer, BEFORE, limit, ids));
        expect(refused instanceof SpopError ? refused.code : refused).toBe(
          needed > room ? 'SPOP_FRAME_FULL' : undefined,
        );
        expectUntouched(buffer, BEFORE, limit);
        if (needed > room) return;
        const taken: Action[] = [];
        for (const action of list) {
          const size = writeFrame({ type: 'ACK', flags: 1, streamId, frameId: 1n, actions: [...taken, action] }).length;
          const left = writer.remainingBytes;
          const error = errorOf(() => writeAction(writer, action));
          if (size <= room) {
            expect(error).toBeUndefined();
            taken.push(action);
          } else {
            expect(error).toMatchObject({ code: 'SPOP_FRAME_FULL', status: undefined });
            expect(writer.remainingBytes).toBe(left);
          }
        }
        const end = writer.end();
        expectUntouched(buffer, BEFORE, limit);
        expect(parseAck(Uint8Array.from(buffer.subarray(BEFORE, end))).actions).toEqual(taken);
      }),
      600,
    );
  });

  it('go on in another buffer, and forget their actions, without a trace', () => {
    check(
      fc.property(actions(), actions(), fc.boolean(), (first, second, isReset) => {
        const writer = new AckWriter();
        const small = Buffer.alloc(4_000, CANARY);
        const large = Buffer.alloc(9_000, CANARY);
        writer.beginAck(small, 100, small.length, idsOf(300n, 5n));
        for (const action of first) writeAction(writer, action);
        writer.moveTo(large, 8_000);
        small.fill(0xff);
        if (isReset) writer.reset();
        for (const action of second) writeAction(writer, action);
        const end = writer.end();
        expectUntouched(large, 0, 8_000);
        const { streamId, frameId, actions: found } = parseAck(Uint8Array.from(large.subarray(0, end)));
        expect({ streamId, frameId, found }).toEqual({
          streamId: 300n,
          frameId: 5n,
          found: isReset ? second : [...first, ...second],
        });
      }),
      200,
    );
  });
});

/** What was written is the value that was given, as the wire type of its kind. */
function expectWritten(written: TypedData, kind: string, value: unknown): void {
  const wireType: Readonly<Record<string, string>> = { integer: 'int64', interned: 'string' };
  if (kind === 'address') expect(['ipv4', 'ipv6']).toContain(written.type);
  else expect(written.type).toBe(wireType[kind] ?? kind);
  if (!('value' in written)) return;
  const found = written.value;
  if (typeof found === 'number' || typeof found === 'bigint')
    expect(BigInt(found)).toBe(BigInt(Number(value) === value ? value : (value as bigint)));
  else if (typeof found === 'boolean') expect(found).toBe(value);
  else if (found instanceof Uint8Array)
    expect(found).toEqual(typeof value === 'string' ? Uint8Array.from(Buffer.from(value)) : value);
  else if (written.type === 'ipv4')
    expect(found).toBe(typeof value === 'string' ? value : [...(value as Uint8Array)].join('.'));
  else if (written.type === 'ipv6')
    expect(found).toBe(typeof value === 'string' ? data.ipv6(value).value : data.ipv6(value as Uint8Array).value);
  else expect(found).toBe(typeof value === 'string' ? value.toWellFormed() : toText(value as Uint8Array));
}

describe('values that a variable cannot hold', () => {
  const anything = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.constantFrom<unknown>(null, undefined, Number.NaN, Infinity, -0.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, -1, {}, []),
    anyId().map((value) => value * 3n - 5n),
    fc.double(),
    text(),
    fc.uint8Array({ maxLength: 20 }),
    fc.boolean(),
  );

  it('are refused as SPOP_INVALID_VALUE and leave the ACK as it was; what is taken reads back as itself', () => {
    check(
      fc.property(anything, fc.constantFrom(...Object.keys(moreTypes)), (value, kind) => {
        const writer = new AckWriter();
        const buffer = Buffer.alloc(2_000, CANARY);
        writer.beginAck(buffer, 0, buffer.length, idsOf(1n, 1n));
        writer.unset(defineVariable('txn', 'before', bool));
        const size = writer.byteLength;
        const variable = defineVariable('sess', 'v', moreTypes[kind] as unknown as ValueType<unknown, unknown>);
        const error = errorOf(() => writer.set(variable, value));
        if (error !== undefined) {
          expect(error).toMatchObject({ code: 'SPOP_INVALID_VALUE', status: undefined });
          expect(writer.byteLength).toBe(size);
        }
        const [before, set] = parseAck(Uint8Array.from(buffer.subarray(0, writer.end()))).actions;
        expect(before?.name).toBe('before');
        expect(set === undefined).toBe(error !== undefined);
        if (set?.type === 'set-var') expectWritten(set.value, kind, value);
      }),
      1_500,
    );
  });
});

function writeMessages(writer: NotifyWriter, messages: readonly Message[]): void {
  for (const { name, args } of messages) {
    writer.message(name);
    for (const argument of args) {
      const given = writable(argument.value);
      if (given === undefined) writer.nullArgument(argument.name);
      else writer.argument(argument.name, given.type, given.value);
    }
  }
}

function isWritableMessage({ name, args }: Message): boolean {
  return name.isWellFormed() && args.every((each) => each.name.isWellFormed() && isWritable(each.value));
}

describe('NOTIFYs', () => {
  it('are written as the plain writer does it', () => {
    const messages = fc.array(message().filter(isWritableMessage), { maxLength: 4 });
    check(
      fc.property(messages, anyId(), anyId(), (list, streamId, frameId) => {
        const expected = writeFrame({ type: 'NOTIFY', flags: 1, streamId, frameId, messages: list });
        const buffer = Buffer.alloc(BEFORE + expected.length + 5, CANARY);
        const writer = new NotifyWriter();
        // Not a byte more than it takes: nothing may need room that it does not use.
        writer.beginNotify(buffer, BEFORE, BEFORE + expected.length, streamId, frameId);
        writeMessages(writer, list);
        const end = writer.end();
        expectUntouched(buffer, BEFORE, end);
        expect(Uint8Array.from(buffer.subarray(BEFORE, end))).toEqual(expected);
      }),
      300,
    );
  });
});

describe('HELLO and DISCONNECT frames', () => {
  const capability = fc.constantFrom('pipelining', 'async', 'fragmentation', 'other');
  const maxFrameSize = fc.integer({ min: 256, max: 0xffff_ffff });

  it('are written as the plain writer does it', () => {
    check(
      fc.property(
        fc.record({ maxFrameSize, capabilities: fc.array(capability, { maxLength: 4 }), healthcheck: fc.boolean() }),
        fc.option(fc.uuid(), { nil: undefined }),
        fc.integer({ min: 0, max: 99 }),
        text().filter((each) => each.isWellFormed()),
        (hello, engineId, statusCode, reason) => {
          const writer = new FrameWriter();
          const buffer = Buffer.alloc(4_000, CANARY);
          const capabilities = hello.capabilities.join(',');
          const items = (...list: readonly (readonly [string, TypedData])[]) =>
            list.map(([name, value]) => ({ name, value }));
          const plain = (type: 'HAPROXY-HELLO' | 'AGENT-HELLO' | 'AGENT-DISCONNECT', list: ReturnType<typeof items>) =>
            writeFrame({ type, flags: 1, streamId: 0n, frameId: 0n, items: list });
          const common = items(
            ['max-frame-size', { type: 'uint32', value: hello.maxFrameSize }],
            ['capabilities', { type: 'string', value: capabilities }],
          );
          const version: TypedData = { type: 'string', value: '2.0' };
          const expected = [
            plain('AGENT-HELLO', [...items(['version', version]), ...common]),
            plain(
              'AGENT-DISCONNECT',
              items(
                ['status-code', { type: 'uint32', value: statusCode }],
                ['message', { type: 'string', value: reason }],
              ),
            ),
            plain('HAPROXY-HELLO', [
              ...items(['supported-versions', version]),
              ...common,
              ...(engineId === undefined ? [] : items(['engine-id', { type: 'string', value: engineId }])),
              ...(hello.healthcheck ? items(['healthcheck', { type: 'bool', value: true }]) : []),
            ]),
          ];
          let end = writeAgentHello(writer, buffer, 0, buffer.length, { ...hello, version: '2.0' });
          end = writeDisconnect(writer, buffer, end, buffer.length, FrameType.AgentDisconnect, {
            statusCode,
            message: reason,
          });
          end = writeHaproxyHello(writer, buffer, end, buffer.length, { ...hello, supportedVersions: '2.0', engineId });
          expect(buffer.subarray(0, end)).toEqual(Buffer.concat(expected));
          expectUntouched(buffer, 0, end);
        },
      ),
      300,
    );
  });
});

describe('typed data', () => {
  it('of every type takes exactly the bytes of the plain writer, and one byte less of room refuses it', () => {
    check(
      fc.property(typedData().filter(isWritable), (data) => {
        const expected = writeTypedData(data);
        const given = writable(data);
        const write = (room: number): unknown => {
          const buffer = Buffer.alloc(room + 30, CANARY);
          const writer = new FrameWriter();
          writer.begin(buffer, 0, 12 + room, FrameType.AgentHello);
          const error = errorOf(() => {
            if (given === undefined) writer.nullItem('');
            else writer.item('', given.type, given.value);
          });
          expectUntouched(buffer, 0, 12 + room);
          return error ?? buffer.subarray(12, writer.end());
        };
        expect(write(expected.length)).toEqual(Buffer.from(expected));
        expect(write(expected.length - 1)).toMatchObject({ code: 'SPOP_FRAME_FULL' });
      }),
      1_000,
    );
  });
});
