import { defineMessage, defineVariable, Frame, int32, string } from '@spop/codec';
import { notify, type NotifyBuilder } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { type Answerer, Exchange } from '../../src/notify/exchange.ts';
import { MemoryPool } from '../../src/notify/memory-pool.ts';
import { Handlers } from '../../src/notify/handlers.ts';
import { createAgent } from '../../src/index.ts';
import { thrownBy } from '../thrown.ts';

const first = defineMessage('first', { text: string });
const second = defineMessage('second', { text: string });
const score = defineVariable('sess', 'score', int32);

const DEFAULTS = { processingTimeoutMs: 1_000, fallback: () => {} };
const MAX_ACK_BYTES = 1_000;

/** A NOTIFY that records its failed handlers, and waits for none. */
const answerer: Answerer = {
  settle: () => {},
  settlePart: () => {},
  expire: () => {},
  expirePart: () => {},
  noteGrowth: () => {},
  fail: (...[, , , , , error]) => {
    throw error;
  },
};

/** An exchange whose NOTIFY was read, without a session. */
function exchangeOf(handlers: Handlers, built: NotifyBuilder): Exchange {
  const exchange = new Exchange(handlers.set, new MemoryPool(), 0);
  const frame = new Frame();
  const bytes = Buffer.from(built.toBytes());
  frame.read(bytes, 0, bytes.length);
  exchange.read({ engineId: undefined, maxFrameSize: 16_380, maxAckBytes: MAX_ACK_BYTES, timeoutOf: () => 0 }, frame);
  exchange.ack.beginAck(Buffer.alloc(MAX_ACK_BYTES), 0, MAX_ACK_BYTES, frame);
  return exchange;
}

/** The number of results to wait for after the handlers were called. */
function pendingAfter(handlers: Handlers, built: NotifyBuilder): number {
  const exchange = exchangeOf(handlers, built);
  handlers.run(exchange, answerer);
  return exchange.waitCount;
}

/** A thenable that is no Promise. */
function thenable(onThen: () => void): PromiseLike<void> {
  return { then: (...callbacks) => Promise.resolve(onThen()).then(...callbacks) };
}

const both = notify().message('second', { text: 'b' }).message('unknown').message('first', { text: 'a' });

describe('Handlers › add', () => {
  it('refuses a second handler of one message name, even of another definition', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, () => {});
    expect(() => handlers.add(defineMessage('first', {}), () => {})).toThrow(
      expect.objectContaining({
        code: 'SPOP_INVALID_NAME',
        status: undefined,
        reason: "expected one handler for message 'first'; found a second",
      }),
    );
  });

  it('refuses a second handler of whole NOTIFYs', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.setNotifyHandler(() => {});
    expect(() => handlers.setNotifyHandler(() => {})).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
  });

  it('refuses any handler once the messages are settled', () => {
    const handlers = new Handlers(DEFAULTS);
    expect(handlers.set.definitions).toEqual([]);
    expect(() => handlers.add(first, () => {})).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
    expect(() => handlers.setNotifyHandler(() => {})).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
  });

  it.each([
    ['check-client-ip', '"check-client-ip"'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{ name: 'first', args: {} }, '[Object]'],
  ])('refuses %o as a message definition', (definition, found) => {
    const agent = createAgent();
    const error = thrownBy(() => Reflect.apply(agent.onMessage, agent, [definition, () => {}]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected a message definition made by defineMessage(); found ${found}`);
  });

  it.each([undefined, null, {}, 'handler'])('refuses %o as a function', (handler) => {
    const expected = /^expected a handler to be a function; found /;
    expect(thrownBy(() => Reflect.apply(createAgent().onMessage, createAgent(), [first, handler])).message).toMatch(
      expected,
    );
    expect(thrownBy(() => Reflect.apply(createAgent().onNotify, createAgent(), [handler])).message).toMatch(expected);
  });
});

describe('Handlers › run', () => {
  it.each([
    ['without messages', notify()],
    ['without a message that has a handler', notify().message('unknown')],
    ['with several messages', both],
  ])('says that a NOTIFY %s was handled, if there is a handler of whole NOTIFYs', (_, built) => {
    const handlers = new Handlers(DEFAULTS);
    for (const definition of [first, second]) handlers.add(definition, () => {});
    handlers.setNotifyHandler(() => {});
    expect(handlers.run(exchangeOf(handlers, built), answerer)).toBe(true);
  });

  it('notes that the handler of whole NOTIFYs without messages has returned a promise', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.setNotifyHandler(() => Promise.resolve());
    const exchange = exchangeOf(handlers, notify());
    expect(handlers.isKnownAsync(exchange.notify)).toBe(false);
    handlers.run(exchange, answerer);
    expect(handlers.isKnownAsync(exchange.notify)).toBe(true);
  });

  it('calls the asynchronous handler of a repeated message for each of them', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, async () => {});
    expect(pendingAfter(handlers, notify().message('first').message('first').message('first'))).toBe(3);
  });

  it('calls handlers in the order of the messages, that of the whole NOTIFY last, and skips unknown messages', () => {
    const calls: string[] = [];
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, (message) => void calls.push(`first ${message.text.toString()}`));
    handlers.add(second, (message) => void calls.push(`second ${message.text.toString()}`));
    handlers.setNotifyHandler(() => void calls.push('whole'));
    expect(pendingAfter(handlers, both)).toBe(0);
    expect(calls).toEqual(['second b', 'first a', 'whole']);
  });

  it('calls a handler for each of two messages of one name', () => {
    const texts: string[] = [];
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, (message) => void texts.push(message.text.toString()));
    expect(pendingAfter(handlers, notify().message('first', { text: 'a' }).message('first', { text: 'b' }))).toBe(0);
    expect(texts).toEqual(['a', 'b']);
  });

  it('calls the handler of whole NOTIFYs for one without messages', () => {
    let calls = 0;
    const handlers = new Handlers(DEFAULTS);
    handlers.setNotifyHandler(() => void calls++);
    expect(pendingAfter(handlers, notify())).toBe(0);
    expect(calls).toBe(1);
  });

  it('gives every handler the same ACK', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, (_, ack) => void ack.set(score, 1));
    handlers.setNotifyHandler((_, ack) => void ack.set(score, 2));
    const exchange = exchangeOf(handlers, both);
    const empty = exchange.ack.byteLength;
    handlers.run(exchange, answerer);
    expect(exchange.waitCount).toBe(0);
    // 01 03 01 05 'score' 02 and one byte of value, twice.
    expect(exchange.ack.byteLength - empty).toBe(2 * 11);
  });

  it('waits for any promise or thenable', async () => {
    const order: string[] = [];
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, async () => {
      await Promise.resolve();
      order.push('first');
    });
    handlers.add(second, () => thenable(() => order.push('second')));
    const exchange = exchangeOf(handlers, both);
    handlers.run(exchange, answerer);
    expect(exchange.waitCount).toBe(2);
    await new Promise<void>((resolve) => {
      exchange.answerer = { ...answerer, settlePart: () => void (order.length === 2 && resolve()) };
    });
    expect(order.toSorted()).toEqual(['first', 'second']);
  });

  it.each([undefined, null, 0, true, 'then', {}, Object.fromEntries([['then', 1]]), () => {}])(
    'counts the result %o as an answer',
    (result) => {
      const handlers = new Handlers(DEFAULTS);
      handlers.add(first, () => result as undefined);
      expect(pendingAfter(handlers, both)).toBe(0);
    },
  );

  it('throws the error of the only handler', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.add(second, () => {
      throw new Error('broken');
    });
    expect(() => handlers.run(exchangeOf(handlers, both), answerer)).toThrow('broken');
  });

  it('calls the others if one of several throws, and that one not again for a repeated message', () => {
    const calls: string[] = [];
    const failures: unknown[] = [];
    const handlers = new Handlers(DEFAULTS);
    handlers.add(second, () => {
      calls.push('second');
      throw new Error('broken');
    });
    handlers.add(first, () => void calls.push('first'));
    handlers.setNotifyHandler(() => void calls.push('whole'));
    const repeated = notify().message('second', { text: 'b' }).message('second', { text: 'c' }).message('first');
    handlers.run(exchangeOf(handlers, repeated), {
      ...answerer,
      fail: (...[, { definition }, , , , error]) => void failures.push([definition?.name, error]),
    });
    expect(calls).toEqual(['second', 'first', 'whole']);
    expect(failures).toEqual([['second', new Error('broken')]]);
  });
});

describe('Handlers › isKnownAsync', () => {
  const sync = (): void => {};
  const later = async (): Promise<void> => {};
  it.each([
    ['no handler', [], undefined, false],
    ['one that is not async', [sync], sync, false],
    ['an async one', [later], undefined, true],
    ['an async one of a message that the NOTIFY has, beside one that is not', [sync, later], undefined, true],
    ['one that is not, before an async one of whole NOTIFYs', [sync], later, true],
  ] as const)('with %s', (_, messageHandlers, notifyHandler, expected) => {
    const handlers = new Handlers(DEFAULTS);
    for (const [index, handler] of messageHandlers.entries()) handlers.add([first, second][index]!, handler);
    if (notifyHandler !== undefined) handlers.setNotifyHandler(notifyHandler);
    expect(handlers.isKnownAsync(exchangeOf(handlers, both).notify)).toBe(expected);
  });

  it('is false if the async handler is of a message that the NOTIFY does not have', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, later);
    handlers.add(second, sync);
    expect(handlers.isKnownAsync(exchangeOf(handlers, notify().message('second', { text: 'b' })).notify)).toBe(false);
  });

  it('is learnt from the results of handlers', () => {
    const handlers = new Handlers(DEFAULTS);
    handlers.add(first, () => Promise.resolve());
    const exchange = exchangeOf(handlers, both);
    expect(handlers.isKnownAsync(exchange.notify)).toBe(false);
    handlers.run(exchange, answerer);
    expect(handlers.isKnownAsync(exchange.notify)).toBe(true);
  });
});

describe('Handlers › longestTimeoutMs', () => {
  it.each<[string, (handlers: Handlers) => void, number]>([
    ['1 without handlers', () => {}, 1],
    ['the longest of all messages', (h) => h.add(first, () => {}, { timeoutMs: 20 }), 20],
    ['0 if one message has no limit', (h) => h.add(second, () => {}, { timeoutMs: 0 }), 0],
    ['that of whole NOTIFYs', (h) => h.setNotifyHandler(() => {}), 1_000],
  ])('is %s', (_, add, expected) => {
    const handlers = new Handlers(DEFAULTS);
    add(handlers);
    if (expected !== 1 && expected !== 1_000) handlers.add(defineMessage('other', {}), () => {}, { timeoutMs: 10 });
    expect(handlers.longestTimeoutMs).toBe(expected);
  });
});
