import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AllocationOptions, measureAllocations, withoutAllocations } from '../src/allocations.ts';

/** A heap and a clock that the measured functions move. */
const machine = vi.hoisted(() => ({ used: 0, ms: 0, collections: 0, readings: 0, sinceCollection: 0 }));

vi.mock('node:v8', () => ({
  getHeapStatistics: () => {
    machine.readings++;
    return { used_heap_size: machine.used };
  },
}));

beforeEach(() => {
  Object.assign(machine, { used: 1_000_000, ms: 5, collections: 0, readings: 0, sinceCollection: 0 });
  vi.spyOn(performance, 'now').mockImplementation(() => machine.ms);
  vi.stubGlobal('gc', () => {
    machine.collections++;
    machine.sinceCollection = 0;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

interface Costs {
  /** Bytes of each call. */
  readonly bytes?: number;
  /** Milliseconds of each call. */
  readonly ms?: number;
  /** Bytes of the last call of a round, by its number from 1 after the readings were warmed up. */
  readonly inRound?: (round: number) => number;
  /** Calls of a round. */
  readonly calls?: number;
}

/** The collections of the rounds that warm up the readings: three for each of three functions. */
const WARMING = 9;

/** A function that takes bytes and time, and counts its calls. */
function taking({ bytes = 0, ms = 0, inRound = () => 0, calls = 100 }: Costs): { (): undefined; count: number } {
  const taker = (): undefined => {
    taker.count++;
    machine.used += bytes;
    machine.ms += ms;
    // A round calls the function as often before it reads.
    if (++machine.sinceCollection === 2 * calls) machine.used += inRound(machine.collections - WARMING);
  };
  taker.count = 0;
  return taker;
}

const short: AllocationOptions = { calls: 100, rounds: 3, warmUpMs: 1 };

describe('measureAllocations', () => {
  it('counts the bytes of a round, without those of its readings', () => {
    const nothing = { object: 0, number: 0 };
    expect(measureAllocations(taking({ bytes: 24, ms: 1 }), short)).toEqual({
      bytes: 2_400,
      calls: 100,
      rounds: 3,
      controls: nothing,
    });
    expect(machine.readings).toBe(3 * machine.collections);
    expect(measureAllocations(taking({ bytes: 24, ms: 1, calls: 2_500 }), { ...short, calls: 2_500 }).bytes).toBe(
      60_000,
    );
  });

  it('tells what the controls add', () => {
    // Three rounds of 0 bytes; then two of one object, and two of one number.
    const inRound = (round: number): number => (round <= 3 ? 0 : round <= 5 ? 24 : 16);
    expect(measureAllocations(taking({ ms: 1, inRound }), short).controls).toEqual({ object: 24, number: 16 });
  });

  it('reads one round more where the figure is not the expected one', () => {
    const inRound = (round: number): number => 100 + (round <= 4 ? 0 : round <= 6 ? 24 : 16);
    const measured = measureAllocations(taking({ ms: 1, inRound }), short);
    expect(measured).toMatchObject({ bytes: 100, controls: { object: 24, number: 16 } });
    expect(machine.collections).toBe(WARMING + 4 + 2 + 2);
  });

  it('reads no round more where the figure is the expected one', () => {
    const inRound = (round: number): number => 100 + (round <= 3 ? 0 : round <= 5 ? 24 : 12);
    const measured = measureAllocations(taking({ ms: 1, inRound }), { ...short, expectedBytes: 100 });
    expect(measured).toMatchObject({ bytes: 100, controls: { object: 24, number: 12 } });
  });

  it('goes on until rounds in a row take the same bytes', () => {
    const figures = [7, 0, 0, 5, 0, 0, 0];
    const inRound = (round: number): number => figures[round - 1] ?? 30;
    expect(measureAllocations(taking({ ms: 0.001, inRound }), { ...short, warmUpMs: 1 })).toMatchObject({ bytes: 0 });
    // The controls are other rounds, of two the same.
    expect(machine.collections).toBe(WARMING + 7 + 2 + 2);
  });

  it('goes on for 60 rounds at most', () => {
    const inRound = (round: number): number => round;
    expect(measureAllocations(taking({ ms: 0.001, inRound }), short)).toMatchObject({ bytes: 60 });
    expect(machine.collections).toBe(WARMING + 3 * 60);
  });

  it('goes on for five seconds at most', () => {
    const inRound = (round: number): number => round;
    // A round of 2 times 100 calls takes 1,250 ms.
    expect(measureAllocations(taking({ ms: 6.25, inRound }), short)).toMatchObject({ bytes: 4 });
    expect(machine.collections).toBe(WARMING + 3 * 4);
  });

  it.each([
    ['few calls where one takes long', 500, 1],
    ['as many as take 100 ms', 1, 100],
    ['the part of one that takes 100 ms', 0.3, 333],
    ['10,000 at most', 0.001, 10_000],
  ])('makes %s', (_, ms, calls) => {
    expect(measureAllocations(taking({ ms }), { rounds: 1, warmUpMs: 50 }).calls).toBe(calls);
  });

  it('makes the calls that it is told to make', () => {
    expect(measureAllocations(taking({ ms: 500 }), { calls: 3, rounds: 1, warmUpMs: 1 }).calls).toBe(3);
  });

  it('has five rounds, after half a second', () => {
    const call = taking({ ms: 1 });
    expect(measureAllocations(call, { calls: 1 }).rounds).toBe(5);
    expect(machine.collections).toBe(WARMING + 5 + 3 + 3);
    // A control that sees nothing has a third round. One call to see what it returns, then 1 + 2 + 4 … + 256, and two a round.
    expect(call.count).toBe(1 + 511 + 2 * (5 + 3 + 3));
  });

  it('warms up with 200,000 calls at most', () => {
    const call = taking({ ms: 0.0001 });
    measureAllocations(call, { calls: 1, rounds: 1 });
    // Steps of 1 to 512 calls, and then of 1,000.
    expect(call.count).toBe(1 + 1_023 + 199_000 + 2 * (1 + 3 + 3));
  });

  it.each([[undefined], [null], [5], ['then'], [{}]])('takes a function that returns %o', (returned) => {
    expect(() => measureAllocations(() => (machine.ms++, returned), short)).not.toThrow();
  });

  it('refuses one that returns a Promise', () => {
    expect(() => measureAllocations(async () => Promise.resolve(), short)).toThrow(
      new TypeError('expected a synchronous function; found one that returns a Promise, which is an allocation itself'),
    );
    expect(machine.collections).toBe(0);
  });
});

describe('withoutAllocations', () => {
  it('says how to have a process with gc()', () => {
    vi.stubGlobal('gc', undefined);
    expect(() => withoutAllocations(taking({ ms: 1 }), short)).toThrow(/start node with --expose-gc, or have vitest/);
  });

  const controlled =
    (object: number, number: number) =>
    (round: number): number =>
      round <= 3 ? 0 : round <= 5 ? object : number;

  it('proves that nothing is allocated, as its controls are seen', () => {
    expect(withoutAllocations(taking({ ms: 1, inRound: controlled(24, 12) }), short)).toEqual({
      bytesPerCall: 0,
      calls: 100,
      rounds: 3,
      controls: { object: 24, number: 12 },
    });
    expect(machine.collections).toBe(WARMING + 3 + 2 + 2);
  });

  it.each([
    [23, 12, 'one object in 100 calls, to take 24 bytes or more; found 23,'],
    [24, 11, 'one number in 100 calls, to take 12 bytes or more; found 11,'],
  ])('proves nothing where they take %i and %i bytes', (object, number, text) => {
    const inRound = (round: number): number => (round <= 3 ? 0 : round <= (object < 24 ? 6 : 5) ? object : number);
    expect(() => withoutAllocations(taking({ ms: 1, inRound }), short)).toThrow(text);
  });

  it('makes one object, or one number, in each round of a control', () => {
    const made: number[] = [];
    const call = taking({ ms: 1, inRound: controlled(24, 12) });
    withoutAllocations(
      () => {
        call();
        made.push(machine.collections);
      },
      { ...short, calls: 100 },
    );
    // Each round calls it 200 times, the controls' too.
    const counts = Object.groupBy(made, (round) => round);
    expect(
      Object.entries(counts)
        .filter(([round]) => Number(round) > WARMING)
        .map(([, calls]) => calls?.length),
    ).toEqual(Array.from({ length: 7 }, () => 200));
  });

  it.each<[bytes: number, figure: string]>([
    [24, '24'],
    [123.25, '123'],
    [10, '10'],
    [9.5, '9.5'],
    [0.25, '0.25'],
    [-1, '0.010'],
  ])('says that %d bytes of a call are %s', (bytes, figure) => {
    const call = taking({ ms: 1, bytes });
    expect(() => withoutAllocations(call, short)).toThrow(
      expect.objectContaining({
        message: `expected taker to allocate nothing; found ${figure} bytes of heap per call, in rounds of 100 calls`,
        operator: 'withoutAllocations',
        expected: 0,
        actual: Math.max(bytes, 0.01),
      }),
    );
  });

  it('names a function without a name so', () => {
    const call = taking({ ms: 1, bytes: 24 });
    const [unnamed] = [() => call()];
    expect(() => withoutAllocations(unnamed, short)).toThrow(/^expected the function to allocate nothing; found 24 /);
  });

  it.each([
    ['ten calls where these fill the memory', 1_311, 10, 1_311],
    ['a hundred where ten leave room', 1_310.7, 100, 1_310.7],
    ['ten thousand of few bytes', 8, 10_000, 8],
  ])('measures over %s', (_, bytes, calls, actual) => {
    const seen: number[] = [];
    const call = taking({ ms: 0.001, bytes });
    const error = expect.objectContaining({ actual: expect.closeTo(actual, 5) as number }) as Error;
    expect(() =>
      withoutAllocations(
        () => {
          call();
          seen.push(machine.collections);
        },
        { ...short, calls: 10_000 },
      ),
    ).toThrow(error);
    const last = Object.values(Object.groupBy(seen, (round) => round)).at(-1);
    expect(last).toHaveLength(2 * calls);
  });

  it('measures over no more calls than a round has', () => {
    const call = taking({ ms: 1, bytes: 4 });
    expect(() => withoutAllocations(call, { ...short, calls: 3 })).toThrow('found 4.0 bytes of heap per call');
    expect(() => withoutAllocations(call, { ...short, calls: 30 })).toThrow('found 4.0 bytes of heap per call');
  });
});
