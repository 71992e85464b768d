import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';

const source = readFileSync(new URL('../src/options.ts', import.meta.url), 'utf8');
const defaults: Readonly<Record<string, unknown>> = { ...createAgent().options };

/** The default that an option's docstring states. */
function documentedDefault(name: string): unknown {
  const docstring = new RegExp(String.raw`/\*\*((?:(?!\*/)[^])*)\*/\n  readonly ${name}\?:`).exec(source)?.[1] ?? '';
  const text = docstring.replaceAll(/\s+\*?\s*/g, ' ');
  const [, digits = '', unit] = /([\d,]+)( MiB)? by default/.exec(text) ?? [];
  if (digits !== '') return Number(digits.replaceAll(',', '')) * (unit === undefined ? 1 : 1_048_576);
  return / True by default/.test(text) ? true : `no default in: ${text}`;
}

const names = Object.keys(defaults).filter((name) => ['number', 'boolean'].includes(typeof defaults[name]));

describe('the docstring of an option', () => {
  it('exists for each option', () => {
    expect(names.length).toBeGreaterThan(10);
  });

  it.each(names)('states its default: %s', (name) => {
    expect(documentedDefault(name)).toBe(defaults[name]);
  });
});

describe('docs/guides/limits.md', () => {
  const page = readFileSync(new URL('../../../docs/guides/limits.md', import.meta.url), 'utf8');
  const units: Readonly<Record<string, number>> = { '': 1, s: 1_000, ms: 1, KiB: 1_024, MiB: 1_048_576 };

  /** The defaults in the tables of the page, by option. */
  const rows = [...page.matchAll(/^\| `(\w+)` +\| +(off|[\d,]+) ?(\w*) +\|/gm)].map(
    ([, name = '', digits = '', unit = '']) =>
      [name, digits === 'off' ? 0 : Number(digits.replaceAll(',', '')) * units[unit]!] as const,
  );

  it('has a default for the limits and timers', () => {
    expect(rows.map(([name]) => name)).toEqual(
      expect.arrayContaining(['maxConnections', 'maxInFlight', 'maxInFlightBytes', 'helloTimeoutMs', 'idleTimeoutMs']),
    );
  });

  it.each(rows)('states the default of %s', (name, value) => {
    expect(defaults[name]).toBe(value);
  });
});
