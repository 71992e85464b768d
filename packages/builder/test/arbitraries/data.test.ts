import { describe, expect, it } from 'vitest';
import {
  argumentName,
  haproxyData,
  messageName,
  signed64,
  text,
  typedData,
  unsigned64,
  variableName,
} from '../../src/arbitraries.ts';
import { toBytes } from '../../src/index.ts';
import { always, ends, sample, shrunk } from './samples.ts';

describe('integers of 64 bits', () => {
  it('shrink to 0', () => {
    expect(shrunk(unsigned64())).toEqual(always(0n));
    expect(shrunk(signed64())).toEqual(always(0n));
    expect(shrunk(unsigned64(), (value) => value < 240n)).toEqual(always(240n));
    expect(shrunk(signed64(), (value) => value > -300n)).toEqual(always(-300n));
  });

  it('are in their ranges', () => {
    expect(sample(unsigned64(), 300).filter((value) => value < 0n || value >= 2n ** 64n)).toEqual([]);
    expect(sample(signed64(), 300).filter((value) => BigInt.asIntN(64, value) !== value)).toEqual([]);
  });
});

describe('names', () => {
  it.each([
    ['message', messageName(), /^[a-z0-9_.-]{1,16}$/],
    ['variable', variableName(), /^[A-Za-z0-9_.]{1,16}$/],
    ['argument', argumentName(), /^[a-z0-9_.-]{0,16}$/],
  ])('of a %s have some characters', (_, names, pattern) => {
    const made = sample(names, 200);
    expect(made.filter((name) => !pattern.test(name))).toEqual([]);
    expect(new Set(made.join('')).size).toBeGreaterThan(30);
  });

  it('shrink to one letter', () => {
    expect(shrunk(messageName())).toEqual(always('a'));
    expect(shrunk(argumentName(), (name) => name === '')).toEqual(always('a'));
  });
});

describe('text', () => {
  it('shrinks to nothing, or to a space', () => {
    expect(shrunk(text())).toEqual(always(''));
    expect(shrunk(text(), (value) => value === '')).toEqual(always(' '));
  });

  it('has no more bytes than the caller wants', () => {
    const sizes = sample(text(8), 200).map((value) => toBytes(value).length);
    expect(ends(sizes)).toEqual([0, 8]);
  });
});

describe('typed data', () => {
  it('has integers of its type alone where HAProxy sends it', () => {
    for (const data of sample(haproxyData(), 200)) {
      if (data.type === 'int64') expect(data.value).toBe(BigInt.asIntN(64, data.value));
      expect(['int32', 'uint32', 'uint64']).not.toContain(data.type);
    }
  });

  it('has bytes of several lengths', () => {
    const sizes = sample(typedData(), 300).flatMap((data) => (data.type === 'binary' ? [data.value.length] : []));
    expect(ends(sizes)[0]).toBe(0);
    expect(new Set(sizes).size).toBeGreaterThan(5);
  });
});
