import { AckWriter, defineMessage, defineVariable, Frame, int32, string } from '@spop/codec';
import { notify, type NotifyBuilder } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { Exchange } from '../../src/notify/exchange.ts';
import { ExchangeRing } from '../../src/notify/exchange-ring.ts';
import { Handlers } from '../../src/notify/handlers.ts';
import { createAgent } from '../../src/index.ts';
import { thrownBy } from '../thrown.ts';

const first = defineMessage('first', { text: string });
const second = defineMessage('second', { text: string });
const score = defineVariable('sess', 'score', int32);

/** An exchange whose NOTIFY was read, beside any session. */
function exchangeOf(handlers: Handlers, built: NotifyBuilder): Exchange {
  const exchange = new Exchange(handlers.set, 0);
  const frame = new Frame();
  const bytes = Buffer.from(built.toBytes());
  frame.read(bytes, 0, bytes.length);
  exchange.notify.read(frame);
  exchange.ack.beginAck(Buffer.alloc(1_000), 0, 1_000, frame);
  return exchange;
}

/** What is to be waited for once the handlers were called. */
function pendingAfter(handlers: Handlers, built: NotifyBuilder): Promise<void>[] | undefined {
  const exchange = exchangeOf(handlers, built);
  handlers.run(exchange);
  return exchange.pending;
}

/** What is no Promise, but can be waited for. */
function thenable(onThen: () => void): PromiseLike<void> {
  return { then: (...callbacks) => Promise.resolve(onThen()).then(...callbacks) };
}

const both = notify().message('second', { text: 'b' }).message('unknown').message('first', { text: 'a' });

describe('Handlers › add', () => {
  it('refuses a second handler of one message name, even of another definition', () => {
    const handlers = new Handlers();
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
    const handlers = new Handlers();
    handlers.setNotifyHandler(() => {});
    expect(() => handlers.setNotifyHandler(() => {})).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
  });

  it('refuses any handler once the messages are settled', () => {
    const handlers = new Handlers();
    expect(handlers.set.definitions).toEqual([]);
    expect(() => handlers.add(first, () => {})).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
    expect(() => handlers.setNotifyHandler(() => {})).toThrow(expect.objectContaining({ code: 'SPOP_MISUSE' }));
  });

  it.each([
    ['check-client-ip', '"check-client-ip"'],
    [null, 'null'],
    [undefined, 'undefined'],
    [{ name: 'first', args: {} }, '[Object]'],
  ])('refuses %o, which is no message definition', (definition, found) => {
    const agent = createAgent();
    const error = thrownBy(() => Reflect.apply(agent.onMessage, agent, [definition, () => {}]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected a message definition made by defineMessage(); found ${found}`);
  });

  it.each([undefined, null, {}, 'handler'])('refuses %o, which is no function', (handler) => {
    const expected = /^expected a handler to be a function; found /;
    expect(thrownBy(() => Reflect.apply(createAgent().onMessage, createAgent(), [first, handler])).message).toMatch(
      expected,
    );
    expect(thrownBy(() => Reflect.apply(createAgent().onNotify, createAgent(), [handler])).message).toMatch(expected);
  });
});

describe('Handlers › run', () => {
  it('calls in the order of the messages, the handler of the whole last, and passes over unknown messages', () => {
    const calls: string[] = [];
    const handlers = new Handlers();
    handlers.add(first, (message) => void calls.push(`first ${message.text.toString()}`));
    handlers.add(second, (message) => void calls.push(`second ${message.text.toString()}`));
    handlers.setNotifyHandler(() => void calls.push('whole'));
    expect(pendingAfter(handlers, both)).toBeUndefined();
    expect(calls).toEqual(['second b', 'first a', 'whole']);
  });

  it('calls for each of two messages of one name', () => {
    const texts: string[] = [];
    const handlers = new Handlers();
    handlers.add(first, (message) => void texts.push(message.text.toString()));
    expect(
      pendingAfter(handlers, notify().message('first', { text: 'a' }).message('first', { text: 'b' })),
    ).toBeUndefined();
    expect(texts).toEqual(['a', 'b']);
  });

  it('calls the handler of the whole for a NOTIFY without messages', () => {
    let calls = 0;
    const handlers = new Handlers();
    handlers.setNotifyHandler(() => void calls++);
    expect(pendingAfter(handlers, notify())).toBeUndefined();
    expect(calls).toBe(1);
  });

  it('gives every handler the same ACK', () => {
    const handlers = new Handlers();
    handlers.add(first, (_, ack) => void ack.set(score, 1));
    handlers.setNotifyHandler((_, ack) => void ack.set(score, 2));
    const exchange = exchangeOf(handlers, both);
    const empty = exchange.ack.byteLength;
    handlers.run(exchange);
    expect(exchange.pending).toBeUndefined();
    // 01 03 01 05 'score' 02 and one byte of value, twice.
    expect(exchange.ack.byteLength - empty).toBe(2 * 11);
  });

  it('waits for all that is a promise, or has a then', async () => {
    const order: string[] = [];
    const handlers = new Handlers();
    handlers.add(first, async () => {
      await Promise.resolve();
      order.push('first');
    });
    handlers.add(second, () => thenable(() => order.push('second')));
    await Promise.all(pendingAfter(handlers, both) ?? []);
    expect(order.toSorted()).toEqual(['first', 'second']);
  });

  it.each([undefined, null, 0, true, 'then', {}, Object.fromEntries([['then', 1]]), () => {}])(
    'takes the result %o for an answer',
    (result) => {
      const handlers = new Handlers();
      handlers.add(first, () => result as undefined);
      expect(pendingAfter(handlers, both)).toBeUndefined();
    },
  );

  it('throws what a handler throws, and calls none after it', () => {
    const calls: string[] = [];
    const handlers = new Handlers();
    handlers.add(second, () => {
      throw new Error('broken');
    });
    handlers.add(first, () => void calls.push('first'));
    expect(() => handlers.run(exchangeOf(handlers, both))).toThrow('broken');
    expect(calls).toEqual([]);
  });

  it('hands over what is to be waited for where a later handler throws', () => {
    const handlers = new Handlers();
    handlers.add(second, () => Promise.resolve());
    handlers.add(first, () => {
      throw new Error('thrown');
    });
    const exchange = exchangeOf(handlers, both);
    expect(() => handlers.run(exchange)).toThrow('thrown');
    expect(exchange.pending).toHaveLength(1);
  });
});

describe('Handlers › isAllAsync', () => {
  const sync = (): void => {};
  const later = async (): Promise<void> => {};
  it.each([
    ['no handler', [], undefined, false],
    ['an async one', [later], undefined, true],
    ['an async one beside one that is not', [later, sync], undefined, false],
    ['an async one before one of whole NOTIFYs that is not', [later], sync, false],
    ['one that is not, before an async one of whole NOTIFYs', [sync], later, true],
  ] as const)('with %s', (_, messageHandlers, notifyHandler, expected) => {
    const handlers = new Handlers();
    for (const [index, handler] of messageHandlers.entries()) handlers.add([first, second][index]!, handler);
    if (notifyHandler !== undefined) handlers.setNotifyHandler(notifyHandler);
    expect(handlers.isAllAsync).toBe(expected);
  });

  it('is learnt from what handlers return', () => {
    const handlers = new Handlers();
    handlers.add(first, () => Promise.resolve());
    expect(handlers.isAllAsync).toBe(false);
    handlers.run(exchangeOf(handlers, both));
    expect(handlers.isAllAsync).toBe(true);
  });
});

describe('ExchangeRing', () => {
  it('gives 16 exchanges in turn', () => {
    const ring = new ExchangeRing(new Handlers().set);
    const taken = Array.from({ length: 48 }, () => ring.next());
    expect(new Set(taken.slice(0, 16)).size).toBe(16);
    for (const [index, exchange] of taken.entries()) expect(exchange).toBe(taken[index % 16]);
  });

  it('never gives a replaced exchange again', () => {
    const ring = new ExchangeRing(new Handlers().set);
    const replaced = ring.next();
    ring.replace(replaced);
    const later = Array.from({ length: 200 }, () => ring.next());
    expect(later).not.toContain(replaced);
    expect(new Set(later).size).toBe(16);
  });

  it('makes exchanges that write ACKs', () => {
    expect(new ExchangeRing(new Handlers().set).next().ack).toBeInstanceOf(AckWriter);
  });
});
