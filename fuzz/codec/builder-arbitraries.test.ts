import { parse, writeFrame } from '@spop/builder';
import type { Argument, PlainFrame } from '@spop/builder';
import { anyFrame, bytesOfFrames, chunking, corrupted, notifyFrame, session } from '@spop/builder/arbitraries';
import {
  type AnyValueType,
  bool,
  binary,
  Frame,
  FrameType,
  FrameWriter,
  MessageReader,
  NotifyWriter,
} from '@spop/codec';
import {
  int32,
  int64,
  ipv4,
  ipv6,
  KvListReader,
  string,
  uint32,
  uint64,
  type Value,
  type ValueType,
} from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAgreement, readPlainly, readWithCodec, toPlainValue } from '../support/plain-frames.ts';
import { check } from '../support/runs.ts';

const maxFrameSize = 1_000_000;
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

/** Writes what was just read, with the view as the value wherever that can be given. */
interface ItemWriter {
  item<Write>(name: string, type: ValueType<unknown, Write>, value: Write): void;
  nullItem(name: string): void;
}

function copyItem(writer: ItemWriter, name: string, value: Value): void {
  const plain = toPlainValue(value);
  if (plain.type === 'null') {
    writer.nullItem(name);
    return;
  }
  // A view's plain value is one that its own type takes, and so is a view of bytes.
  const type = types[plain.type] as unknown as ValueType<unknown, unknown>;
  writer.item(name, type, ['string', 'binary', 'ipv4', 'ipv6'].includes(plain.type) ? value : plain.value);
}

/** The frame read and written again with the codec. */
function copyFrame(from: Frame): Buffer {
  const target = Buffer.alloc(from.end - from.start);
  if (from.type === FrameType.Notify) {
    const writer = new NotifyWriter();
    writer.beginNotify(target, 0, target.length, from.toStreamId(), from.toFrameId(), from.flags);
    const items: ItemWriter = {
      item: (...item) => writer.argument(...item),
      nullItem: (name) => writer.nullArgument(name),
    };
    const walk = new MessageReader();
    walk.read(from);
    while (walk.next()) {
      writer.message(walk.name.toString());
      while (walk.nextArgument()) copyItem(items, walk.argumentName.toString(), walk.value);
    }
    return target.subarray(0, writer.end());
  }
  const writer = new FrameWriter();
  writer.begin(target, 0, target.length, from.type, from.toStreamId(), from.toFrameId(), from.flags);
  const list = new KvListReader();
  list.read(from);
  while (list.next()) copyItem(writer, list.name.toString(), list.value);
  return target.subarray(0, writer.end());
}

function argumentsOf(plain: PlainFrame): readonly Argument[] {
  if (plain.type === 'NOTIFY') return plain.messages.flatMap(({ args }) => args);
  return 'items' in plain ? plain.items : [];
}

/** Whether the codec can write the frame: names as text, and no typed data with meaningless flags. */
function isCanonical(plain: PlainFrame): boolean {
  const names = plain.type === 'NOTIFY' ? plain.messages.map(({ name }) => name) : [];
  const hasItems = plain.type === 'NOTIFY' || 'items' in plain;
  return (
    hasItems &&
    names.every((name) => name.isWellFormed()) &&
    argumentsOf(plain).every(({ name, value }) => name.isWellFormed() && value.flags === undefined)
  );
}

describe('frames as the builder makes them up', () => {
  it('are read by the codec as the builder reads them, in any chunks', () => {
    const streams = bytesOfFrames(fc.array(anyFrame(), { minLength: 1, maxLength: 4 }));
    check(
      fc.property(
        streams.chain((bytes) => fc.tuple(fc.constant(bytes), chunking(bytes))),
        ([bytes, chunks]) => {
          const chunkSizes = chunks.map((chunk) => chunk.length);
          const outcome = readWithCodec(bytes, { maxFrameSize, chunkSizes, canary: 0x33 });
          expect(outcome).toEqual(readPlainly(bytes, maxFrameSize));
          expect(outcome.consumed).toBe(bytes.length);
        },
      ),
      300,
    );
  });

  it('are written by the codec as the same bytes, when they are canonical', () => {
    const plain = fc.oneof(notifyFrame(), anyFrame()).filter(isCanonical);
    check(
      fc.property(plain, (each) => {
        const bytes = Buffer.from(writeFrame(each));
        const from = new Frame();
        from.read(bytes, 0, bytes.length);
        expect(copyFrame(from)).toEqual(bytes);
      }),
      300,
    );
  });

  it('that are spoiled by name are refused for the same reason at the same byte', () => {
    check(
      fc.property(corrupted(), ({ bytes }) => {
        checkAgreement(bytes, { maxFrameSize, chunkSizes: [], canary: 0xcc });
      }),
      500,
    );
  });

  it('make up sessions of which every frame is accepted', () => {
    check(
      fc.property(session(), ({ writes }) => {
        for (const { frame: plain } of writes) {
          const bytes = writeFrame(plain);
          expect(checkAgreement(bytes, { maxFrameSize, chunkSizes: [], canary: 0 }).error).toBeUndefined();
          expect(parse(bytes, { maxFrameSize })).toHaveLength(1);
        }
      }),
      100,
    );
  });
});
