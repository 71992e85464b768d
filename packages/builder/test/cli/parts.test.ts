import { writeFileSync } from 'node:fs';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { definitionsOf } from '../../src/cli/definitions.ts';
import { parseDuration } from '../../src/cli/duration.ts';
import { latencyShares, latencyText } from '../../src/cli/latency.ts';
import { sampleFor } from '../../src/cli/sample-fetches.ts';
import { haproxyConfiguration, spoeConfiguration } from '../../src/cli/spoe-configuration.ts';
import { nearest } from '../../src/cli/usage-error.ts';

describe('parseDuration', () => {
  it.each([
    ['500', 500],
    ['500ms', 500],
    ['5s', 5000],
    ['0.5s', 500],
    ['0.25s', 250],
    ['1', 1],
    ['2147483647', 2_147_483_647],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('reads %s as %i ms', (text, milliseconds) => {
    expect(parseDuration('--timeout', text)).toBe(milliseconds);
  });

  it.each(['', '0', '-1', '5 s', '1d', 's', '25000000000', '2147483648', '1e3', 'in 5s', '5s later'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration('--timeout', text)).toThrow('expected a duration from 1ms to 24 days for --timeout');
    },
  );
});

describe('latencyShares', () => {
  it('gives the slowest answer of each share', () => {
    const milliseconds = Float64Array.from({ length: 1000 }, (_, index) => 1000 - index);
    expect(latencyShares(milliseconds)).toEqual({ min: 1, p50: 500, p90: 900, p99: 990, 'p99.9': 999, max: 1000 });
    expect(latencyText({ min: 0.5, max: 12 })).toBe('milliseconds: min 0.5, max 12');
    expect(latencyShares(Float64Array.of(0.123))).toMatchObject({ min: 0.12, p50: 0.12, max: 0.12 });
  });
});

describe('nearest', () => {
  it('finds the word that was meant, and none if no word is close', () => {
    expect(nearest('pnig', ['ping', 'hello'])).toBe('ping');
    expect(nearest('dec', ['ping', 'decode'])).toBe('decode');
    expect(nearest('conformance', ['ping', 'hello'])).toBeUndefined();
  });

  it.each([
    ['ping', 'pingo', true],
    ['abcd', 'bcda', true],
    ['abc', 'ab', true],
    ['xy', '', true],
    ['xyz', '', false],
    ['ab', 'abcde', true],
    ['zabc', 'abcde', false],
    ['kitten', 'sitting', false],
    ['kitten', 'sittin', true],
    ['💡a', 'a', true],
  ])('counts the letters between %s and %s', (word, known, isNear) => {
    expect(nearest(word, [known])).toBe(isNear ? known : undefined);
  });
});

describe('the configurations of spop init', () => {
  const argument = (name: string, kind: string) => ({ name, kind, kinds: [kind], isOptional: false });

  it.each([
    ['request', 'x', 'address', 'src'],
    ['request', 'x', 'bool', 'bool(false)'],
    ['request', 'x', 'binary', 'req.body'],
    ['response', 'x', 'binary', 'res.body'],
    ['request', 'x_y', 'string', 'req.hdr(x-y)'],
    ['response', 'X', 'interned', 'res.hdr(x)'],
    ['response', 'x', 'uint64', 'int(0)'],
  ])('have a sample on a %s for an argument %s of type %s that no name tells', (on, name, kind, expression) => {
    const message = { name: `check-${on}`, args: [] };
    expect(sampleFor(message, argument(name, kind))).toEqual({ expression, isNamed: false });
  });

  it('have no line for arguments or variables that are not declared', () => {
    const plan = {
      definitions: { messages: [{ name: 'seen', args: [] }], variables: [] },
      name: 'checks',
      variablePrefix: 'checks',
      agentAddress: '127.0.0.1:9000',
      release: '3.4',
      isApplet: false,
      spoeFile: 'spoe.conf',
    };
    expect(spoeConfiguration(plan)).toContain('\nspoe-message seen\n  event on-frontend-http-request\n');
    expect(spoeConfiguration(plan)).toContain("The agent's variables are SCOPE.checks.NAME in haproxy.cfg");
    expect(haproxyConfiguration(plan)).not.toContain('And what it is for');
    // Rules on requests cannot read what is only there with the response.
    const late = { ...plan.definitions, variables: [{ scope: 'res', name: 'seen' } as const] };
    expect(haproxyConfiguration({ ...plan, definitions: late })).not.toContain('And what it is for');
  });
});

describe('definitionsOf', () => {
  const load = async (text: string): Promise<unknown> => {
    const file = stopAfterTest(await TemporaryFolder.make()).file('definitions.mjs');
    writeFileSync(file, text);
    return definitionsOf(file);
  };
  const MESSAGE = `export const m = { name: 'm', args: { a: { kind: 'oneOf', kinds: [] } } };\n`;

  it('takes no variable with an unknown scope, and a list without kinds as its own kind', async () => {
    expect(await load(`${MESSAGE}export const v = { name: 'v', scope: 'global', kind: 'string' };`)).toEqual({
      messages: [{ name: 'm', args: [{ name: 'a', kind: 'oneOf', kinds: [], isOptional: false }] }],
      variables: [],
      deadlineMs: undefined,
    });
  });

  it('says why a module cannot be imported, whatever it throws', async () => {
    await expect(load('throw new RangeError("too far")')).rejects.toThrow(/could not import .*: too far$/);
    await expect(load('throw "too far"')).rejects.toThrow(/could not import .*: too far$/);
  });
});
