import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  ActionReader,
  type AnyValueType,
  address,
  binary,
  bool,
  defineVariable,
  FrameReader,
  int32,
  int64,
  integer,
  MessageReader,
  NotifyWriter,
  SCOPE_NAMES,
  string,
  uint32,
  uint64,
  type Value,
  type ValueType,
} from '../src/index.ts';
import { notifyFrame, toHex } from './bytes.ts';

interface Written {
  /** How the value is written; the type accepts it. */
  readonly type: AnyValueType;
  readonly value: unknown;
  /** How it reads. */
  readonly text: string;
}

function written<T>(
  type: ValueType<unknown, T>,
  values: fc.Arbitrary<T>,
  toText: (value: T) => string = String,
): fc.Arbitrary<Written> {
  return values.map((value) => ({ type, value, text: toText(value) }));
}

const bytes = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 235, maxLength: 245 }));
const anyText = fc.string({ unit: 'grapheme', maxLength: 120 });

const anyValue: fc.Arbitrary<Written> = fc.oneof(
  written(bool, fc.boolean()),
  written(int32, fc.integer()),
  written(uint32, fc.nat(0xffff_ffff)),
  written(integer, fc.maxSafeInteger()),
  written(int64, fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })),
  written(uint64, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })),
  written(address, fc.ipV4()),
  written(address, fc.ipV6(), (text) => new URL(`http://[${text}]`).hostname),
  written(string, anyText),
  written(binary, bytes, (value) => toHex(value)),
);

/** The value in the form of {@link Written.text}. */
function textOf(value: Value, { type, text }: Written): string {
  if (type === binary) return toHex(value.toBytes());
  // The URL standard writes IPv4-mapped addresses in hexadecimal; Node decides their meaning.
  if (type === address && text.startsWith('[')) return new URL(`http://[${value.toString()}]`).hostname;
  return value.toString();
}

const anyMessages = fc.array(
  fc.record({ name: anyText, args: fc.array(fc.record({ name: anyText, value: anyValue }), { maxLength: 6 }) }),
  { maxLength: 4 },
);
const anyId = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });

describe('a value that is written', () => {
  it('in a NOTIFY is read back, from any pieces', () => {
    fc.assert(
      fc.property(
        anyMessages,
        anyId,
        anyId,
        fc.array(fc.nat(400), { maxLength: 5 }),
        (messages, streamId, frameId, cuts) => {
          const buffer = Buffer.alloc(20_000, 0xee);
          const writer = new NotifyWriter();
          writer.beginNotify(buffer, 5, buffer.length, streamId, frameId);
          for (const { name, args } of messages) {
            writer.message(name);
            for (const { name: argument, value } of args) {
              writer.argument(argument, value.type as ValueType<unknown, unknown>, value.value);
            }
          }
          const end = writer.end();

          const reader = new FrameReader({ maxFrameSize: 20_000 });
          let from = 5;
          for (const cut of [
            ...cuts
              .toSorted((a, b) => a - b)
              .map((at) => at + 5)
              .filter((at) => at < end),
            end,
          ]) {
            expect(reader.next()).toBeUndefined();
            reader.push(Buffer.from(buffer.subarray(from, cut)));
            from = cut;
          }
          const frame = reader.next() ?? expect.unreachable('expected a frame');
          expect([frame.toStreamId(), frame.toFrameId(), reader.pendingBytes]).toEqual([streamId, frameId, 0]);

          const walk = new MessageReader();
          walk.read(frame);
          for (const { name, args } of messages) {
            expect([walk.next(), walk.name.equals(name), walk.argumentCount]).toEqual([true, true, args.length]);
            for (const { name: argument, value } of args) {
              expect([walk.nextArgument(), walk.argumentName.equals(argument)]).toEqual([true, true]);
              expect(textOf(walk.value, value)).toBe(value.text);
            }
            expect(walk.nextArgument()).toBe(false);
          }
          expect(walk.next()).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('in an ACK is read back', () => {
    const notify = notifyFrame([]);
    const anyAction = fc.record({
      scope: fc.constantFrom(...SCOPE_NAMES),
      name: fc.stringMatching(/^[A-Za-z0-9_.]{1,40}$/),
      value: fc.option(anyValue),
    });
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 8 }), (actions) => {
        const buffer = Buffer.alloc(20_000, 0xee);
        const ack = new AckWriter();
        ack.beginAck(buffer, 0, buffer.length, notify);
        for (const { scope, name, value } of actions) {
          if (value === null) ack.unset(defineVariable(scope, name, string));
          else ack.set(defineVariable(scope, name, value.type as ValueType<unknown, unknown>), value.value);
        }
        const frameReader = new FrameReader({ maxFrameSize: 20_000 });
        frameReader.push(buffer, 0, ack.end());
        const reader = new ActionReader();
        reader.read(frameReader.next() ?? expect.unreachable('expected a frame'));
        for (const { scope, name, value } of actions) {
          expect([reader.next(), reader.scope, reader.name.toString()]).toEqual([true, scope, name]);
          expect(reader.type).toBe(value === null ? 2 : 1);
          if (value !== null) expect(textOf(reader.value, value)).toBe(value.text);
        }
        expect(reader.next()).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
