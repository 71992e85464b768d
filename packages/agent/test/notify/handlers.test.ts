import { AckWriter, defineMessage, defineVariable, Frame, int32, string } from '@spop/codec';
import { notify, type NotifyBuilder } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { type Answerer, Exchange } from '../../src/notify/exchange.ts';
import { Exchanges } from '../../src/notify/exchanges.ts';
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

describe('Exchanges', () => {
  it('gives 8 exchanges in turn', () => {
    const exchanges = new Exchanges(new Handlers(DEFAULTS).set);
    const taken = Array.from({ length: 48 }, () => exchanges.next());
    expect(new Set(taken.slice(0, 8)).size).toBe(8);
    for (const [index, exchange] of taken.entries()) expect(exchange).toBe(taken[index % 8]);
  });

  it('never gives a replaced exchange again before it is given back', () => {
    const exchanges = new Exchanges(new Handlers(DEFAULTS).set);
    const replaced = exchanges.next();
    exchanges.replace(replaced);
    const later = Array.from({ length: 200 }, () => exchanges.next());
    expect(later).not.toContain(replaced);
    expect(new Set(later).size).toBe(8);
  });

  it('puts an exchange that was given back in the place of the next replaced one', () => {
    const exchanges = new Exchanges(new Handlers(DEFAULTS).set);
    const replaced = exchanges.next();
    exchanges.replace(replaced);
    exchanges.giveBack(replaced);
    const other = exchanges.next();
    exchanges.replace(other);
    const later = Array.from({ length: 16 }, () => exchanges.next());
    expect(later).toContain(replaced);
    expect(later).not.toContain(other);
    expect(replaced.slot).toBe(1);
  });

  it('keeps 4 MiB of them, each with its views', () => {
    const exchanges = new Exchanges(new Handlers(DEFAULTS).set);
    const made = Array.from({ length: 3_000 }, () => {
      const exchange = exchanges.next();
      exchanges.replace(exchange);
      return exchange;
    });
    for (const exchange of made) exchanges.giveBack(exchange);
    const again = new Set(
      made.map(() => {
        const exchange = exchanges.next();
        exchanges.replace(exchange);
        return exchange;
      }),
    );
    const kept = Math.floor(4_194_304 / made[0]!.keptBytes);
    expect(made.filter((exchange) => again.has(exchange))).toHaveLength(kept);
  });

  it('makes exchanges that write ACKs', () => {
    expect(new Exchanges(new Handlers(DEFAULTS).set).next().ack).toBeInstanceOf(AckWriter);
  });
});
