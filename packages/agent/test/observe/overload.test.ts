import { describe, expect, it } from 'vitest';
import { overload, type OverloadLimit } from '../../src/observe/overload.ts';
import { resolveOptions } from '../../src/options.ts';

const options = resolveOptions({});

describe('overload', () => {
  it.each([
    'maxConnections',
    'maxInFlight',
    'maxInFlightPerConnection',
    'maxInFlightBytes',
    'maxReassembledBytes',
    'maxIncompleteBytes',
  ] as const)('names the option %s, its value, and what to do', (limit) => {
    const told = overload(limit, options);
    expect(told.limit).toBe(limit);
    expect(told.reason).toContain(`${options[limit]}`);
    expect(told.reason).toContain(`(${limit})`);
    expect(told.reason).toMatch(/[Rr]aise the option/);
  });

  it('has no option to name for a peer that does not read', () => {
    const limit: OverloadLimit = 'output';
    expect(overload(limit, options)).toEqual({
      limit,
      reason:
        'the peer does not read its ACKs: the agent stops reading it until it does. Check the load of the machine that HAProxy runs on',
    });
  });
});
