import { readFileSync } from 'node:fs';
import { createAgent, toOpenMetricsText, toPrometheusText } from '@spop/agent';
import { defineMessage, int32, optional } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { argumentAdvice } from '../packages/agent/src/observe/argument-advice.ts';
import { EVENT_NAMES } from '../packages/agent/src/observe/events.ts';
import { pendingAdvice } from '../packages/agent/src/observe/pending-advice.ts';
import { notifyEnd, notifyStart } from '../packages/agent/src/observe/trace.ts';

const page = readFileSync(new URL('observability.md', import.meta.url), 'utf8');
const metrics = createAgent().toMetrics();
const source = (name: string): string =>
  readFileSync(new URL(`../packages/agent/src/observe/${name}`, import.meta.url), 'utf8');

/** The cells of the table whose head begins with `title`, without their backquotes. */
function table(title: string): string[][] {
  const [, rows = ''] = new RegExp(`^\\| ${title} .*\\n\\|[ -|]+\\n((?:\\|.*\\n)+)`, 'm').exec(page) ?? [];
  return rows
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

/** What the text formats say of each metric: its type and its unit. */
function families(): string[][] {
  const open = toOpenMetricsText({ ...metrics, disconnects: { 0: 1 } });
  return [...open.matchAll(/^# TYPE (\w+) (\w+)\n(?:# UNIT \w+ (\w+)\n)?/gm)].map(([, name = '', type = '', unit]) => [
    type === 'counter' ? `${name}_total` : name,
    type,
    unit ?? '',
  ]);
}

/** The names of fields as the page spells them. */
function fields(): string[] {
  return Object.entries(metrics).flatMap(([name, value]) =>
    name === 'events' ? Object.keys(value as object).map((event) => `events.${event}`) : [name],
  );
}

describe('docs/observability.md', () => {
  const rows = table('field');

  it('has every field of the metrics once, and no other', () => {
    expect(rows.map(([field = '']) => field).toSorted()).toEqual(fields().toSorted());
  });

  it('has every metric of the text formats with its type and unit, in their order', () => {
    const documented = rows.filter(([, metric]) => metric !== '').map((row) => row.slice(1, 4));
    expect(documented).toEqual(families());
    const prometheus = [...toPrometheusText(metrics).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, ...both]) => both);
    expect(prometheus).toEqual(families().map(([name, type]) => [name, type]));
  });

  it('speaks of no metric that does not exist', () => {
    const names = families().map(([name = '']) => name);
    const spoken = [...page.matchAll(/spop_agent_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    expect(spoken.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('has every field of the latency summary', () => {
    for (const name of Object.keys(metrics.latency)) expect(page).toContain(`\`${name}\``);
  });

  it('has every event, with its fields and its channel', () => {
    const events = table('event');
    expect(events.map(([name]) => name)).toEqual(Object.keys(metrics.events));
    const channels = [...EVENT_NAMES.map((name) => `spop:${name}`), notifyStart.name, notifyEnd.name].map(String);
    const spoken = new Set([...page.matchAll(/`(spop:\w+(?::\w+)?)`/g)].map(([, name = '']) => name));
    expect([...spoken].toSorted()).toEqual(channels.toSorted());
  });

  it('has every line of the log at its level', () => {
    const levels = Object.fromEntries(table('level').map(([level = '', events = '']) => [level, events]));
    const log = source('event-lines.ts');
    for (const name of Object.keys(metrics.events)) {
      const [, level = ''] = new RegExp(`^  ${name}: \\{[^]*?level: ([^]*?),\\n`, 'm').exec(log) ?? [];
      const named = [...level.matchAll(/'(\w+)'/g)].map(([, each = '']) => each);
      expect(named.length).toBeGreaterThan(0);
      for (const each of named) expect(levels[each]).toContain(name);
    }
    for (const name of ['listening', 'closing', 'closed']) expect(levels['info']).toContain(name);
    expect(pendingAdvice(0, 1_001, 1, [])).toMatchObject({ level: 'warn', details: { event: 'pending' } });
    expect(levels['warn']).toContain('pending');
    const declared = defineMessage('m', { required: int32, optional: optional(int32) });
    for (const found of [['optional'], ['required'], ['required', 'optional', 'other']]) {
      const { level, details } = argumentAdvice(declared, found) ?? expect.unreachable('expected advice');
      expect(levels[level]).toContain(details.event);
    }
  });

  it('says which limits an overload names', () => {
    const [, limits = ''] = /^export type OverloadLimit =\n([^;]*);/m.exec(source('overload.ts')) ?? [];
    const names = [...limits.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
    expect(names).toContain('maxConnections');
    for (const name of names) expect(page).toContain(`\`${name}\``);
  });

  it('says how much of a repetition is logged', () => {
    const [, burst] = /const BURST = (\d+)/.exec(source('event-log.ts')) ?? [];
    const [, windowMs = ''] = /const WINDOW_MS = ([\d_]+)/.exec(source('event-log.ts')) ?? [];
    expect(page).toContain(
      `first ${burst} events of a kind are logged in each window of ${Number(windowMs.replaceAll('_', '')) / 1000} s`,
    );
  });

  it('says how much is logged in a second', () => {
    const constant = (file: string, name: string): number => {
      const [, digits = ''] = new RegExp(`const ${name} = ([\\d_]+)`).exec(source(file)) ?? [];
      return Number(digits.replaceAll('_', ''));
    };
    const bytes = constant('line-budget.ts', 'MAX_BYTES') / 1_024;
    expect(page).toContain(`at most ${constant('line-budget.ts', 'MAX_LINES')} lines and ${bytes} KiB in any second`);
    expect(page).toContain(`at most once in ${constant('unheard.ts', 'QUIET_MS') / 1_000} s for each event`);
    expect(page).toContain(`more than ${constant('event-log.ts', 'MAX_ERROR_LENGTH').toLocaleString('en')} characters`);
    expect(page).toContain(`cut to ${constant('text-logger.ts', 'MAX_LINE').toLocaleString('en')} characters`);
  });

  it('says from when on a blocked event loop is reported', () => {
    expect(page).toContain(`(${createAgent().options.eventLoopBlockedMs} by default; 0 switches it off)`);
  });
});
