import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  action,
  anyFrame,
  argument,
  chunking,
  corrupted,
  fragmentedNotify,
  message,
  noisy,
  notifyFrame,
  session,
  text,
  typedData,
  unsigned64,
  variableName,
} from '../src/arbitraries.ts';
import {
  explain,
  parse,
  parseFrame,
  parseStream,
  reassemble,
  SpopError,
  toBytes,
  toText,
  validate,
  validateSession,
  varintBytes,
  writeFrame,
} from '../src/index.ts';
import { concat } from '../src/data/text.ts';

/** The smallest counterexample of a property: the value to which it shrinks. */
function shrunk<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean): T {
  const { counterexample } = fc.check(fc.property(arbitrary, holds), { seed: 1, numRuns: 2000 });
  if (counterexample === null) throw new Error('expected a counterexample');
  return counterexample[0];
}

describe('the plain writer and reader', () => {
  it('read every frame back as it was written', () => {
    fc.assert(
      fc.property(anyFrame(), (whole) => {
        expect(parseFrame(writeFrame(whole))).toEqual(whole);
      }),
    );
  });

  it('read every text back as it was written', () => {
    fc.assert(
      fc.property(text(), (value) => {
        expect(toText(toBytes(value))).toBe(value);
      }),
    );
  });

  it('keep any bytes as text', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toBytes(toText(bytes))).toEqual(bytes);
      }),
    );
  });

  it('write varints that grow with their values', () => {
    fc.assert(
      fc.property(unsigned64(), unsigned64(), (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        expect(varintBytes(low).length).toBeLessThanOrEqual(varintBytes(high).length);
      }),
    );
  });

  it('give the same frames for a fragmented NOTIFY', () => {
    fc.assert(
      fc.property(fragmentedNotify(), ({ whole, fragments }) => {
        expect(reassemble(fragments)).toEqual([whole]);
      }),
    );
  });

  it('write every accepted input again byte for byte', () => {
    fc.assert(
      fc.property(noisy(), ({ bytes }) => {
        const { frames, consumed } = parseStream(bytes);
        expect(concat(frames.map(writeFrame))).toEqual(bytes.slice(0, consumed));
      }),
    );
  });
});

describe('any bytes', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    corrupted().map((spoiled) => spoiled.bytes),
    noisy().map((spoiled) => spoiled.bytes),
  );

  it('parse, or give one SpopError with an offset within the frame', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        const { error, consumed } = parseStream(input);
        if (error === undefined) return;
        expect(error).toBeInstanceOf(SpopError);
        expect(error.status).toBeTypeOf('number');
        expect(error.offset).toBeGreaterThanOrEqual(0);
        expect(error.offset).toBeLessThanOrEqual(input.length - consumed);
      }),
    );
  });

  it('are explained down to the last byte, with the wrong one marked', () => {
    fc.assert(
      fc.property(bytes, (input) => {
        const isRight = parseStream(input).error === undefined && parseStream(input).consumed === input.length;
        // explain() accepts every frame of the strict reader, and also the padding of an ACK.
        if (isRight) expect(explain(input)).not.toMatch(/^>>/m);
        else expect(explain(input)).toMatch(/^>>|^frame \d+ at byte \d+, incomplete|no action/m);
      }),
    );
  });

  it('break the rule of the first error that parsing them gives', () => {
    fc.assert(
      fc.property(bytes, fc.constantFrom('haproxy' as const, 'agent' as const), (input, from) => {
        const { error, consumed } = parseStream(input, { ackPadding: true });
        const violations = validate(input, { from, state: 'established' });
        if (error === undefined) return;
        expect(violations.map(({ code, offset }) => ({ code, offset }))).toContainEqual({
          code: error.code,
          offset: consumed + error.offset,
        });
      }),
    );
  });
});

describe('session', () => {
  it('breaks no rule', () => {
    fc.assert(
      fc.property(session(), ({ line, writes }) => {
        const bytes = writes.map(({ from, frame: sent }) => ({ from, bytes: writeFrame(sent) }));
        const found = validateSession(bytes, { haproxy: line, variablePrefix: 'engine' });
        expect(found.filter(({ severity }) => severity === 'error')).toEqual([]);
      }),
    );
  });

  it('answers every NOTIFY once', () => {
    fc.assert(
      fc.property(session(), ({ writes }) => {
        const ids = (type: string): string[] =>
          writes.flatMap(({ frame: sent }) => (sent.type === type ? [`${sent.streamId}:${sent.frameId}`] : []));
        expect(ids('ACK').toSorted()).toEqual(ids('NOTIFY').toSorted());
      }),
    );
  });

  it('shrinks to the two HELLOs', () => {
    const { writes } = shrunk(session(), () => false);
    expect(writes.map(({ frame: sent }) => sent.type)).toEqual(['HAPROXY-HELLO', 'AGENT-HELLO']);
  });
});

describe('chunking', () => {
  it('loses no byte and makes no empty chunk', () => {
    const bytes = Uint8Array.from({ length: 50 }, (_, index) => index);
    fc.assert(
      fc.property(chunking(bytes), (chunks) => {
        expect(concat(chunks)).toEqual(bytes);
        expect(chunks.every((chunk) => chunk.length > 0)).toBe(true);
      }),
    );
  });

  it('shrinks to one cut if a cut is the cause', () => {
    const bytes = Uint8Array.from({ length: 50 }, (_, index) => index);
    expect(shrunk(chunking(bytes), (chunks) => chunks.length === 1)).toHaveLength(2);
  });
});

describe('shrinking', () => {
  it('leaves one short message of one argument', () => {
    const whole = shrunk(notifyFrame(), ({ messages }) => messages.every(({ args }) => args.length === 0));
    expect(whole).toEqual({
      type: 'NOTIFY',
      flags: 1,
      streamId: 0n,
      frameId: 0n,
      messages: [{ name: 'a', args: [{ name: 'a', value: { type: 'null' } }] }],
    });
  });

  it('leaves the smallest value of the failing type', () => {
    expect(shrunk(typedData(), (data) => data.type !== 'ipv6')).toEqual({ type: 'ipv6', value: '::' });
    expect(shrunk(typedData(), (data) => data.type !== 'int64' || data.value >= 0n)).toEqual({
      type: 'int64',
      value: -1n,
    });
    expect(shrunk(typedData(), (data) => data.type !== 'string' || data.value.length < 3).type).toBe('string');
  });

  it('leaves an unset-var or a set-var of NULL', () => {
    expect(shrunk(action(), () => false)).toEqual({
      type: 'set-var',
      scope: 'proc',
      name: 'a',
      value: { type: 'null' },
    });
  });

  it('leaves a name of one letter', () => {
    expect(shrunk(variableName(), () => false)).toBe('a');
    expect(shrunk(message(), () => false)).toEqual({ name: 'a', args: [] });
    expect(shrunk(argument(), () => false)).toEqual({ name: 'a', value: { type: 'null' } });
  });

  it('leaves a short corrupted frame', () => {
    const spoiled = shrunk(corrupted(notifyFrame()), ({ name }) => name !== 'nb-args-too-many');
    expect(spoiled.original).toMatchObject({ messages: [{ name: 'a', args: [] }] });
    expect(parse(writeFrame(spoiled.original))).toHaveLength(1);
  });
});
