import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrivalTimes } from './arrival-times.ts';

function client(number: number): Int32Array {
  return new Int32Array([0x20010db8, number % 3, number >> 4, number]);
}

/** The same with a Map: when it is full, the client with the oldest time is forgotten. */
class Model {
  readonly times: Map<number, number> = new Map();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  set(number: number, time: number): void {
    if (!this.times.has(number) && this.times.size === this.#max) {
      const [oldest] = [...this.times].reduce((a, b) => (b[1] < a[1] ? b : a));
      this.times.delete(oldest);
    }
    this.times.set(number, time);
  }
}

describe('ArrivalTimes', () => {
  it('knows the same clients as a Map that forgets the oldest', () => {
    const steps = array(record({ number: integer({ min: 0, max: 40 }), jump: constantFrom(-1, 1, 1, 1) }), {
      minLength: 20,
      maxLength: 300,
    });
    assert(
      property(integer({ min: 1, max: 20 }), steps, (max, taken) => {
        const times = new ArrivalTimes(max);
        const model = new Model(max);
        for (const [index, { number, jump }] of taken.entries()) {
          // All times differ, so that exactly one is the oldest.
          const time = 1_000 + jump * (index + 1);
          times.set(client(number), time);
          model.set(number, time);
        }
        expect(times.size).toBe(model.times.size);
        for (let number = 0; number <= 40; number++)
          expect(times.get(client(number))).toBe(model.times.get(number) ?? 0);
      }),
    );
  });

  it('tells clients apart by every word', () => {
    const times = new ArrivalTimes(100);
    for (let word = 0; word < 4; word++) {
      const words = new Int32Array(4);
      words[word] = -1;
      times.set(words, word + 1);
    }
    expect(times.get(new Int32Array([-1, 0, 0, 0]))).toBe(1);
    expect(times.get(new Int32Array([0, 0, 0, -1]))).toBe(4);
    expect(times.get(new Int32Array(4))).toBe(0);
  });

  it('keeps a client that still asks while 200,000 new ones come', () => {
    const times = new ArrivalTimes(10_000);
    const regular = client(-7);
    for (let number = 0; number < 200_000; number++) {
      times.set(client(number), number);
      if (number % 1_000 === 0) times.set(regular, number + 1);
      if (times.get(client(number)) !== number) expect.unreachable(`newcomer ${number} is not known`);
    }
    expect(times.size).toBe(10_000);
    expect(times.get(regular)).toBe(199_001);
    expect(times.get(client(1))).toBe(0);
  });
});
