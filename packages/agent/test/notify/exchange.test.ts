import { type Action, data, parseStream } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { ask, openExchange, text } from './exchange-bench.ts';

/** The most memory of an exchange's objects, and of a part's. */
const PART_BYTES = 1_024;

const closed = expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }) as Error;

/** An output of ACKs, which has room for all of them. */
class Acks {
  readonly #bytes: Buffer = Buffer.alloc(100_000);
  length = 0;

  reserve(): Buffer {
    return this.#bytes;
  }

  commit(end: number): void {
    this.length = end;
  }

  /** The actions of the ACKs. */
  get actions(): Action[] {
    const { frames } = parseStream(this.#bytes.subarray(0, this.length));
    return frames.flatMap((frame) => ('actions' in frame ? frame.actions : []));
  }
}
const setText = (value: string): unknown => ({
  type: 'set-var',
  scope: 'txn',
  name: 'text',
  value: data.string(value),
});

describe('an exchange in flight', () => {
  it('counts its objects and the pieces of memory that it has taken, however its ACK grows', () => {
    const { exchange, pool, detach, toldBytes } = openExchange();
    detach();
    const objects = exchange.keptBytes;
    const before = exchange.heldBytes;
    for (const length of [0, 10, 500, 5_000, 20_000]) {
      exchange.actions.set(text, 'x'.repeat(length));
      expect(exchange.heldBytes).toBe(objects + pool.outBytes);
      expect(toldBytes()).toBe(exchange.heldBytes - before);
    }
    expect(toldBytes()).toBeGreaterThan(25_000);
  });

  it('counts the memory of its parts, too, which have grown before and after it was detached', () => {
    const { exchange, pool, addPart, detach, toldBytes } = openExchange();
    const [first, second] = [addPart(), addPart()];
    first.actions.set(text, 'x'.repeat(3_000));
    detach();
    const objects = exchange.keptBytes + 2 * PART_BYTES;
    const before = exchange.heldBytes;
    expect([before, toldBytes()]).toEqual([objects + pool.outBytes, 0]);
    for (const { actions } of [second, first]) {
      actions.set(text, 'x'.repeat(9_000));
      expect(exchange.heldBytes).toBe(objects + pool.outBytes);
      expect(toldBytes()).toBe(exchange.heldBytes - before);
    }
    expect(toldBytes()).toBeGreaterThan(18_000);
  });

  it('gives the memory of a part back at once when the part is closed', () => {
    const { exchange, pool, addPart, detach, toldBytes } = openExchange();
    const part = addPart();
    detach();
    const before = [exchange.heldBytes, pool.outBytes];
    part.actions.set(text, 'x'.repeat(3_000));
    expect(toldBytes()).toBeGreaterThan(3_000);
    part.close();
    expect([exchange.heldBytes, pool.outBytes, toldBytes()]).toEqual([...before, 0]);
  });

  it('tells its answerer of no growth once it is answered', () => {
    const { exchange, addPart, detach, toldBytes } = openExchange();
    const part = addPart();
    detach();
    part.actions.set(text, 'x'.repeat(3_000));
    const held = [exchange.heldBytes, toldBytes()];
    exchange.isPending = false;
    exchange.endAck(new Acks());
    expect([exchange.heldBytes, toldBytes()]).toEqual(held);
    exchange.close();
    expect([exchange.heldBytes, toldBytes()]).toEqual(held);
  });
});

describe('an exchange that closes', () => {
  it.each([
    ['its copy of the NOTIFY', 0, 0],
    ['an ACK that has grown', 20_000, 0],
    ['the actions of parts', 0, 9_000],
    ['all of them', 20_000, 9_000],
  ])('gives back the memory of %s', (_, own, parts) => {
    const { exchange, pool, addPart, detach } = openExchange();
    const added = [addPart(), addPart()];
    detach();
    if (own > 0) exchange.actions.set(text, 'x'.repeat(own));
    for (const { actions } of added) if (parts > 0) actions.set(text, 'x'.repeat(parts));
    expect(pool.outBytes).toBeGreaterThan(own + parts);
    exchange.isPending = false;
    exchange.endAck(new Acks());
    exchange.close();
    expect(pool.outBytes).toBe(0);
  });

  it('gives back the memory of an ACK that grew before any handler had returned a promise', () => {
    const { exchange, pool } = openExchange();
    for (const length of [5_000, 20_000]) exchange.actions.set(text, 'x'.repeat(length));
    exchange.close();
    expect(pool.outBytes).toBe(0);
  });

  it('throws SPOP_VIEW_CLOSED from the objects of each part', () => {
    const { exchange, addPart, detach } = openExchange();
    const [part] = [addPart(), addPart()];
    detach();
    exchange.isPending = false;
    exchange.endAck(new Acks());
    exchange.close();
    expect(() => part.actions.set(text, 'late')).toThrow(closed);
    expect(() => part.context.streamId).toThrow(closed);
    expect(part.context.isAnswered).toBe(true);
    expect(part.isPending).toBe(false);
  });
});

describe('parts of one exchange', () => {
  it('share the room of its ACK, whichever of them has set an action', () => {
    const { exchange, addPart, detach } = openExchange();
    const [first, second] = [addPart(), addPart()];
    detach();
    const room = exchange.remainingAckBytes;
    first.actions.set(text, 'x'.repeat(1_000));
    const left = room - first.ack.byteLength;
    expect([exchange.remainingAckBytes, second.actions.remainingBytes]).toEqual([left, left]);
    expect(first.actions.remainingBytes).toBe(left);
    first.actions.reset();
    expect([exchange.remainingAckBytes, second.actions.remainingBytes]).toEqual([room, room]);
  });

  it('give the bytes of their actions to the ACK that takes them', () => {
    const { exchange, addPart, detach } = openExchange();
    const [part, other] = [addPart(), addPart()];
    detach();
    part.actions.set(text, 'x'.repeat(1_000));
    const left = exchange.remainingAckBytes;
    exchange.joinPart(part);
    expect([exchange.remainingAckBytes, other.actions.remainingBytes]).toEqual([left, left]);
    expect(() => part.actions.set(text, 'late')).toThrow(closed);
  });

  it('know the engine and the max-frame-size of their NOTIFY', () => {
    const { addPart, detach } = openExchange();
    const part = addPart();
    detach();
    expect([part.context.engineId, part.context.maxFrameSize]).toEqual(['engine', 16_380]);
  });
});

describe('the ACK of an exchange', () => {
  it.each([
    ['its room', 10],
    ['memory of its own', 5_000],
  ])('is written to the output once it ends: from %s', (_, length) => {
    const { exchange } = openExchange();
    const acks = new Acks();
    exchange.ack.beginAck(acks.reserve(), 0, 1_000, exchange.notify);
    exchange.mayGrow(50_000);
    exchange.actions.set(text, 'x'.repeat(length));
    exchange.endAck(acks);
    expect(acks.actions).toEqual([setText('x'.repeat(length))]);
  });

  it('has the actions of its parts in the order of their messages, after those that were set at once', () => {
    const { exchange, addPart, detach } = openExchange();
    const acks = new Acks();
    const [first, second] = [addPart(), addPart()];
    exchange.actions.set(text, 'at once');
    detach();
    second.actions.set(text, 'second');
    first.actions.set(text, 'first');
    exchange.endAck(acks);
    expect(acks.actions).toEqual([setText('at once'), setText('first'), setText('second')]);
  });
});

describe('an exchange whose handlers are known to be asynchronous', () => {
  it('is not closed as a plain one, though they return no promise: kept actions would be those of another NOTIFY', () => {
    const { exchange } = openExchange();
    const acks = new Acks();
    expect([exchange.endPlainAck(acks), acks.length]).toEqual([false, 0]);
    expect(exchange.notify.isOpen).toBe(true);
  });

  it('gives out views that stay closed while the next NOTIFY is read', () => {
    const { exchange, readNext } = openExchange();
    const kept = exchange.notify.get(ask)!;
    const { context } = exchange;
    expect([kept.id.toString(), context.streamId]).toEqual(['1', 7]);
    exchange.close();
    readNext();
    expect(exchange.notify.get(ask)?.id.toString()).toBe('2');
    expect(() => kept.id).toThrow(closed);
    expect(() => context.streamId).toThrow(closed);
  });

  it('closes the context of each part, which the next NOTIFY does not open again', () => {
    const { exchange, addPart, readNext } = openExchange();
    const { context } = addPart();
    expect(context.streamId).toBe(7);
    exchange.close();
    readNext();
    expect(() => context.streamId).toThrow(closed);
  });

  it('is used for another NOTIFY only after all of them have settled', () => {
    const { exchange, addPart } = openExchange();
    addPart();
    addPart();
    expect(exchange.isReusable).toBe(false);
    exchange.settledCount = 1;
    expect(exchange.isReusable).toBe(false);
    exchange.settledCount = 2;
    expect(exchange.isReusable).toBe(true);
    exchange.close();
    expect(exchange).toMatchObject({ waitCount: 0, settledCount: 0, answerer: undefined });
  });
});

describe('an exchange whose handler is synchronous', () => {
  it('is not used again for another NOTIFY by those that wait, since it stays in its place', () => {
    expect(openExchange({ isOneTime: false }).exchange.isReusable).toBe(false);
  });

  it('has a context that does not read a later NOTIFY whose handlers get new objects', () => {
    const { exchange, readNext } = openExchange({ isOneTime: false });
    const { context } = exchange;
    exchange.endPlainAck(new Acks());
    readNext(true);
    expect([exchange.context.streamId, context.isAnswered]).toEqual([9, true]);
    expect(() => context.streamId).toThrow(closed);
    expect([context.maxFrameSize, context.deadlineAt]).toEqual([0, 0]);
  });

  it('gets new objects once its handler has returned a promise', () => {
    const { exchange, detach, readNext } = openExchange({ isOneTime: false });
    const { actions, context } = exchange;
    exchange.waitFor(new Promise(() => {}));
    detach();
    exchange.close();
    readNext();
    exchange.actions.set(text, 'next');
    expect(exchange.context.streamId).toBe(9);
    expect(() => actions.set(text, 'late')).toThrow(closed);
    expect(() => context.streamId).toThrow(closed);
  });

  it('aborts the signal that its handler has taken', () => {
    const { exchange } = openExchange({ isOneTime: false });
    const { signal } = exchange.context;
    const reason = new Error('broken');
    exchange.abort(reason);
    expect([signal.aborted, signal.reason]).toEqual([true, reason]);
  });

  it('leaves a signal that is taken after it was answered apart from that of the next NOTIFY', () => {
    const { exchange, readNext } = openExchange({ isOneTime: false });
    const { context } = exchange;
    exchange.endPlainAck(new Acks());
    const late = context.signal;
    readNext();
    expect(exchange.context.signal).not.toBe(late);
    exchange.abort(new Error('broken'));
    expect([late.aborted, exchange.context.signal.aborted]).toEqual([false, true]);
  });
});

describe('an exchange that is dropped', () => {
  it('aborts the signals of its parts, whose actions are lost until it is closed', () => {
    const { exchange, addPart, detach } = openExchange();
    const [first, second] = [addPart(), addPart()];
    detach();
    const reason = new Error('The connection to HAProxy ended');
    const seen: unknown[] = [];
    for (const { actions, context } of [first, second]) {
      context.signal.addEventListener('abort', () => {
        actions.set(text, 'late').setNull(text).unset(text).reset();
        seen.push(context.signal.reason, context.streamId);
      });
    }
    exchange.drop(reason);
    expect(seen).toEqual([reason, 7, reason, 7]);
    expect(() => first.actions.set(text, 'later')).toThrow(closed);
  });
});
