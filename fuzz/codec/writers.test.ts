import {
  ack,
  type Action,
  agentDisconnect,
  agentHello,
  data,
  haproxyHello,
  type Message,
  notify,
  parseAck,
  toText,
  type TypedData,
  writeFrame,
} from '@spop/builder';
import { scope, variableName } from '@spop/builder/arbitraries';
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
import { message, text, typedData, uint64 as anyId } from '../support/arbitraries.ts';
import { runs } from '../support/runs.ts';
import { codeOf } from '../support/value-checks.ts';

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

/** A type as one that takes any value, for values that may be wrong. */
function open(type: AnyValueType | undefined): ValueType<unknown, unknown> {
  return type as unknown as ValueType<unknown, unknown>;
}

/** Text that can be written as text: the builder alone has lone surrogates for wrong UTF-8. */
function isWritable(value: TypedData): boolean {
  return value.type !== 'string' || value.value.isWellFormed();
}

const value = typedData().filter(isWritable);
const name = variableName();
const actions = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('set-var' as const), scope: scope(), name, value }),
    fc.record({ type: fc.constant('unset-var' as const), scope: scope(), name }),
  ),
  { maxLength: 8 },
);

function writeAction(writer: AckWriter, action: Action): void {
  const given = action.type === 'set-var' ? action.value : undefined;
  const variable = defineVariable(action.scope, action.name, open(types[given?.type ?? ''] ?? bool));
  if (given === undefined) writer.unset(variable);
  else if (given.type === 'null') writer.setNull(variable);
  else writer.set(variable, given.value);
}

function idsOf(streamId: bigint, frameId: bigint): Frame {
  const bytes = Buffer.from(notify({ streamId, frameId }).toBytes());
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  return frame;
}

const CANARY = 0x5a;
const BEFORE = 7;
/** Bytes below its limit, after its last action, that a writer of ACKs may fill with zeros. */
const MOST_PADDING = 2;

/** Fails unless all bytes but those from `start` to `end` are the canary's. */
function expectUntouched(buffer: Buffer, start: number, end: number): void {
  const others = Buffer.concat([buffer.subarray(0, start), buffer.subarray(end)]);
  expect(others.equals(Buffer.alloc(others.length, CANARY))).toBe(true);
}

function actionsIn(buffer: Buffer, start: number, end: number): readonly Action[] {
  return parseAck(Uint8Array.from(buffer.subarray(start, end)), { maxFrameSize: 1_000_000 }).actions;
}

describe('ACKs', () => {
  it('are written as the plain writer does it, also after a move and a reset', () => {
    fc.assert(
      fc.property(actions, actions, fc.boolean(), anyId(), anyId(), (first, second, isReset, streamId, frameId) => {
        const list = isReset ? second : [...first, ...second];
        const plain = writeFrame({ type: 'ACK', flags: 1, streamId, frameId, actions: list });
        // An ACK without actions carries one byte 00 instead of an empty payload.
        const expected = list.length > 0 ? plain : ack({ streamId, frameId }).raw('00').toBytes();
        const small = Buffer.alloc(4_000, CANARY);
        const large = Buffer.alloc(6_000, CANARY);
        const writer = new AckWriter();
        writer.beginAck(small, 100, small.length, idsOf(streamId, frameId));
        for (const action of first) writeAction(writer, action);
        writer.moveTo(large, 5_000);
        small.fill(0xff);
        if (isReset) writer.reset();
        for (const action of second) writeAction(writer, action);
        const end = writer.end();
        expect(large.subarray(0, end).equals(expected)).toBe(true);
        expectUntouched(large, 0, isReset ? 5_000 : end + MOST_PADDING);
      }),
      runs(600),
    );
  });

  it('hold every action that fits under the limit, refuse the first that does not, and touch no byte after it', () => {
    fc.assert(
      fc.property(actions, fc.integer({ min: 10, max: 400 }), anyId(), (list, room, streamId) => {
        const buffer = Buffer.alloc(BEFORE + room + 40, CANARY);
        const limit = BEFORE + room;
        const writer = new AckWriter();
        const needed = ack({ streamId, frameId: 1n }).toBytes().length + 1;
        const refused = codeOf(() => writer.beginAck(buffer, BEFORE, limit, idsOf(streamId, 1n)));
        expect(refused).toBe(needed > room ? 'SPOP_FRAME_FULL' : undefined);
        expectUntouched(buffer, BEFORE, limit);
        if (needed > room) return;
        const taken: Action[] = [];
        for (const action of list) {
          const size = writeFrame({ type: 'ACK', flags: 1, streamId, frameId: 1n, actions: [...taken, action] }).length;
          const left = writer.remainingBytes;
          expect(codeOf(() => writeAction(writer, action))).toBe(size > room ? 'SPOP_FRAME_FULL' : undefined);
          if (size <= room) taken.push(action);
          else expect(writer.remainingBytes).toBe(left);
        }
        const end = writer.end();
        expectUntouched(buffer, BEFORE, limit);
        expect(actionsIn(buffer, BEFORE, end)).toEqual(taken);
      }),
      runs(600),
    );
  });
});

/** Fails unless what was written is the value that was given, as the wire type of its kind. */
function expectWritten(written: TypedData, kind: string, given: unknown): void {
  if (kind === 'address') expect(['ipv4', 'ipv6']).toContain(written.type);
  else expect(written.type).toBe({ integer: 'int64', interned: 'string' }[kind] ?? kind);
  if (!('value' in written)) return;
  const found = written.value;
  if (typeof found === 'number' || typeof found === 'bigint')
    expect(BigInt(found)).toBe(BigInt(given as number | bigint));
  else if (found instanceof Uint8Array)
    expect(found).toEqual(Uint8Array.from(Buffer.from(given as string | Uint8Array)));
  else if (written.type === 'ipv4') expect(found).toBe(data.ipv4(given as string | Uint8Array).value);
  else if (written.type === 'ipv6') expect(found).toBe(data.ipv6(given as string | Uint8Array).value);
  else if (given instanceof Uint8Array) expect(found).toBe(toText(given));
  else expect(found).toBe(typeof given === 'string' ? given.toWellFormed() : given);
}

describe('values that a variable cannot hold', () => {
  const strange = [null, undefined, Number.NaN, Infinity, -0.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, -1, {}, []];
  const bytes = fc.oneof(
    fc.constantFrom(4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    fc.uint8Array({ maxLength: 20 }),
  );
  const number = anyId().map((id) => id * 3n - 5n);
  const anything = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    bytes,
    fc.constantFrom(...strange),
    number,
    fc.double(),
    text(),
    fc.boolean(),
  );

  it('are refused as SPOP_INVALID_VALUE and leave the ACK as it was; what is taken reads back as itself', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom(...Object.keys(moreTypes)), (given, kind) => {
        const writer = new AckWriter();
        const buffer = Buffer.alloc(2_000, CANARY);
        writer.beginAck(buffer, 0, buffer.length, idsOf(1n, 1n));
        writer.unset(defineVariable('txn', 'before', bool));
        const size = writer.byteLength;
        const code = codeOf(() => writer.set(defineVariable('sess', 'v', open(moreTypes[kind])), given));
        expect([undefined, 'SPOP_INVALID_VALUE']).toContain(code);
        if (code !== undefined) expect(writer.byteLength).toBe(size);
        const [before, set] = actionsIn(buffer, 0, writer.end());
        expect(before?.name).toBe('before');
        expect(set === undefined).toBe(code !== undefined);
        if (set?.type === 'set-var') expectWritten(set.value, kind, given);
      }),
      runs(1_500),
    );
  });
});

function writeMessages(writer: NotifyWriter, messages: readonly Message[]): void {
  for (const { name: called, args } of messages) {
    writer.message(called);
    for (const { name: argument, value: given } of args) {
      if (given.type === 'null') writer.nullArgument(argument);
      else writer.argument(argument, open(types[given.type]), given.value);
    }
  }
}

function isWritableMessage({ name: called, args }: Message): boolean {
  return called.isWellFormed() && args.every((each) => each.name.isWellFormed() && isWritable(each.value));
}

describe('other frames', () => {
  it('NOTIFYs are written as the plain writer does it, in no byte more room than they take', () => {
    const messages = fc.array(message().filter(isWritableMessage), { maxLength: 4 });
    fc.assert(
      fc.property(messages, anyId(), anyId(), (list, streamId, frameId) => {
        const expected = writeFrame({ type: 'NOTIFY', flags: 1, streamId, frameId, messages: list });
        const write = (room: number): Buffer | undefined => {
          const buffer = Buffer.alloc(BEFORE + room + 30, CANARY);
          const writer = new NotifyWriter();
          const code = codeOf(() => {
            writer.beginNotify(buffer, BEFORE, BEFORE + room, streamId, frameId);
            writeMessages(writer, list);
          });
          expectUntouched(buffer, BEFORE, BEFORE + room);
          expect([undefined, 'SPOP_FRAME_FULL']).toContain(code);
          return code === undefined ? buffer.subarray(BEFORE, writer.end()) : undefined;
        };
        expect(write(expected.length)?.equals(expected)).toBe(true);
        expect(write(expected.length - 1)).toBe(undefined);
      }),
      runs(500),
    );
  });

  it('HELLO and DISCONNECT frames are written as the plain writer does it', () => {
    const capability = fc.constantFrom('pipelining', 'async', 'fragmentation', 'other');
    const hello = fc.record({
      maxFrameSize: fc.integer({ min: 256, max: 0xffff_ffff }),
      capabilities: fc.array(capability, { maxLength: 4 }),
      healthcheck: fc.boolean(),
      engineId: fc.option(fc.uuid(), { nil: undefined }),
    });
    const reason = text().filter((each) => each.isWellFormed());
    fc.assert(
      fc.property(hello, fc.integer({ min: 0, max: 99 }), reason, (given, statusCode, reasonText) => {
        const plain = { ...given, capabilities: given.capabilities.join(',') };
        const expected = Buffer.concat([
          agentHello(plain).toBytes(),
          agentDisconnect({ statusCode, message: reasonText }).toBytes(),
          haproxyHello({ ...plain, healthcheck: given.healthcheck || null }).toBytes(),
        ]);
        const buffer = Buffer.alloc(4_000, CANARY);
        const writer = new FrameWriter();
        const disconnect = { statusCode, message: reasonText };
        let end = writeAgentHello(writer, buffer, 0, 4_000, { ...given, version: '2.0' });
        end = writeDisconnect(writer, buffer, end, 4_000, FrameType.AgentDisconnect, disconnect);
        end = writeHaproxyHello(writer, buffer, end, 4_000, { ...given, supportedVersions: '2.0' });
        expect(buffer.subarray(0, end)).toEqual(expected);
        expectUntouched(buffer, 0, end);
      }),
      runs(300),
    );
  });
});
