import { writeFrame } from '@spop/builder';
import type { Message } from '@spop/builder';
import { defineMessage, Frame, int64, integer, MessageSet, Notify, optional, string } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { typedData } from '../support/arbitraries.ts';
import { readPlainly } from '../support/plain-frames.ts';
import { check } from '../support/runs.ts';
import { checkNotify } from '../support/typed-views.ts';

const TYPES = [string, optional(string), integer, int64] as const;

/** A name of up to 20 letters, long ones as often as short ones: each length is compared in words of its own. */
function name(minLength: number): fc.Arbitrary<string> {
  const unit = fc.constantFrom('a', 'b', 'y', 'z');
  return fc.oneof(
    fc.string({ unit, minLength, maxLength: 7 }),
    fc.string({ unit, minLength: 8, maxLength: 20, size: 'max' }),
  );
}

/** The text with one letter changed to its neighbour; unchanged without a letter. */
function nearly(text: string, at: number): string {
  if (text === '') return text;
  const bytes = Buffer.from(text);
  bytes[at % bytes.length]! ^= 1;
  return bytes.toString();
}

/** What a NOTIFY may have in place of the one before. */
const changes = ['nothing', 'message name', 'argument name', 'order', 'number of arguments'] as const;

function changed({ name: called, args }: Message, change: (typeof changes)[number], at: number): Message {
  const index = at % Math.max(args.length, 1);
  switch (change) {
    case 'nothing':
      return { name: called, args };
    case 'message name':
      return { name: nearly(called, at), args };
    case 'argument name':
      return {
        name: called,
        args: args.map((each, i) => (i === index ? { ...each, name: nearly(each.name, at >> 3) } : each)),
      };
    case 'order':
      return { name: called, args: [...args.slice(index), ...args.slice(0, index)] };
    default:
      return { name: called, args: args.filter((_, i) => i !== index) };
  }
}

/** A declaration, and messages of it that follow one another. */
function sequence() {
  const given = fc.record({
    called: name(1),
    names: fc.uniqueArray(name(0), { minLength: 1, maxLength: 5 }),
    // Arguments that are not declared are those after the first few; any may come again.
    declared: fc.integer({ min: 1, max: 5 }),
    picks: fc.array(fc.tuple(fc.nat({ max: 4 }), typedData()), { maxLength: 8 }),
    steps: fc.array(fc.tuple(fc.constantFrom(...changes), fc.nat({ max: 200 })), { minLength: 1, maxLength: 4 }),
  });
  return given.map(({ called, names, declared, picks, steps }) => {
    const types = names.slice(0, declared).map((each, i) => [each, TYPES[i % TYPES.length]!] as const);
    const first: Message = {
      name: called,
      args: picks.map(([pick, value]) => ({ name: names[pick % names.length]!, value })),
    };
    // The first one comes twice, so that the others meet its order.
    const messages = [first, first, ...steps.flatMap(([change, at]) => [changed(first, change, at), first])];
    return { definition: defineMessage(called, Object.fromEntries(types)), messages };
  });
}

describe('a NOTIFY after others like it', () => {
  it('reads as its own bytes say, whatever the order and the names of those before it', () => {
    check(
      fc.property(sequence(), ({ definition, messages }) => {
        const notify = new Notify(new MessageSet([definition]));
        const frame = new Frame();
        for (const message of messages) {
          const bytes = Buffer.from(
            writeFrame({ type: 'NOTIFY', flags: 1, streamId: 1n, frameId: 1n, messages: [message, message] }),
          );
          const [plain] = readPlainly(bytes, bytes.length).frames;
          if (plain?.type !== 'NOTIFY') throw new Error('expected a NOTIFY');
          frame.read(bytes, 0, bytes.length);
          checkNotify(notify, [definition], frame, plain.messages, Buffer.alloc(bytes.length));
        }
      }),
      800,
    );
  });
});
