import { AckWriter, MessageSet } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/notify/exchange.ts';
import { Exchanges } from '../../src/notify/exchanges.ts';
import { EXCHANGES } from '../harness.ts';
import { ask, frameOf } from './exchange-bench.ts';

const NO_MESSAGES = new MessageSet([]);
const MIB = 1_048_576;

/** Exchanges, and a function that replaces the next one, which then holds so many bytes. */
function setup(): {
  exchanges: Exchanges;
  replaceNext: (keptBytes: number) => Exchange;
  nextInPlaceOf: () => Exchange;
} {
  const exchanges = new Exchanges(new MessageSet([ask]));
  const replaceNext = (keptBytes: number): Exchange => {
    const exchange = exchanges.next();
    Object.defineProperty(exchange, 'keptBytes', { value: keptBytes });
    exchanges.replace(exchange);
    return exchange;
  };
  /** Replaces the next exchange, and returns the one that stands in its place now. */
  const nextInPlaceOf = (): Exchange => {
    exchanges.replace(exchanges.next());
    for (let i = 1; i < EXCHANGES; i++) exchanges.next();
    return exchanges.next();
  };
  return { exchanges, replaceNext, nextInPlaceOf };
}

describe('Exchanges', () => {
  it('gives 8 exchanges in turn', () => {
    const exchanges = new Exchanges(NO_MESSAGES);
    const taken = Array.from({ length: 48 }, () => exchanges.next());
    expect(new Set(taken.slice(0, 8)).size).toBe(8);
    for (const [index, exchange] of taken.entries()) expect(exchange).toBe(taken[index % 8]);
  });

  it('never gives a replaced exchange again before it is given back', () => {
    const exchanges = new Exchanges(NO_MESSAGES);
    const replaced = exchanges.next();
    exchanges.replace(replaced);
    const later = Array.from({ length: 200 }, () => exchanges.next());
    expect(later).not.toContain(replaced);
    expect(new Set(later).size).toBe(8);
  });

  it('puts an exchange that was given back in the place of the next replaced one', () => {
    const exchanges = new Exchanges(NO_MESSAGES);
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
    const exchanges = new Exchanges(NO_MESSAGES);
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
    expect(new Exchanges(NO_MESSAGES).next().ack).toBeInstanceOf(AckWriter);
  });

  it('puts an exchange that was given back in the place of another, the last one first', () => {
    const { exchanges, replaceNext, nextInPlaceOf } = setup();
    const [early, late] = [replaceNext(MIB), replaceNext(MIB)];
    exchanges.giveBack(early);
    exchanges.giveBack(late);
    expect([nextInPlaceOf() === late, nextInPlaceOf() === early]).toEqual([true, true]);
    const made = nextInPlaceOf();
    expect([early, late].includes(made)).toBe(false);
  });

  it('keeps 4 MiB of them, whatever was kept and used before', () => {
    const { exchanges, replaceNext, nextInPlaceOf } = setup();
    for (let round = 0; round < 3; round++) {
      const given = Array.from({ length: 6 }, () => replaceNext(MIB));
      for (const each of given) exchanges.giveBack(each);
      const used = given.map(() => nextInPlaceOf());
      expect(used.map((each) => given.indexOf(each))).toEqual([3, 2, 1, 0, -1, -1]);
    }
  });

  it('closes the exchange that was used last after an error', () => {
    const { exchanges } = setup();
    const exchange = exchanges.next();
    const engine = { engineId: undefined, maxFrameSize: 16_380, maxAckBytes: 16_384, timeoutOf: () => 0 };
    exchange.read(engine, frameOf(1, '1'));
    expect(exchange.notify.isOpen).toBe(true);
    exchanges.closeLast();
    expect(exchange.notify.isOpen).toBe(false);
  });
});
