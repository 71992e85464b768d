import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const reporter = fileURLToPath(new URL('../closing-line.ts', import.meta.url));

/** Runs vitest on one test file, or in an empty folder, and returns its exit code and the last line of its output. */
function runVitest(source: string | undefined, ...options: string[]): { exitCode: number | null; lastLine: string } {
  const root = mkdtempSync(join(tmpdir(), 'closing-line-'));
  try {
    if (source !== undefined) writeFileSync(join(root, 'planted.test.js'), source);
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^VITEST|^NODE_OPTIONS$/.test(name)),
    );
    const args = [
      vitest,
      'run',
      '--globals',
      '--root',
      root,
      '--reporter',
      'default',
      '--reporter',
      reporter,
      ...options,
    ];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 20_000 });
    return { exitCode: status, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const passing = "test('passes', () => {});";

const cases: [label: string, source: string | undefined, exitCode: number, lastLine: string, ...options: string[]][] = [
  ['two tests that pass', `${passing} describe('in a suite', () => { ${passing} });`, 0, '2 passed, 0 failed'],
  ['a test that fails', `${passing} test('fails', () => { expect(1).toBe(2); });`, 1, '1 passed, 1 failed'],
  ['a skipped test', `${passing} test.skip('is skipped', () => {});`, 0, '1 passed, 0 failed, 1 skipped'],
  [
    'a hook that throws',
    `describe('s', () => { beforeAll(() => { throw 1; }); ${passing} });`,
    1,
    '0 passed, 1 failed, 1 skipped',
  ],
  [
    'a suite that throws while it is collected',
    `${passing} describe('s', () => { throw 1; });`,
    1,
    '0 passed, 1 failed',
  ],
  ['a module that throws', `${passing} throw new Error('planted');`, 1, '0 passed, 1 failed'],
  ['a module that does not parse', `${passing} }`, 1, '0 passed, 1 failed'],
  ['an unhandled rejection', `${passing} Promise.reject(new Error('planted'));`, 1, '1 passed, 1 failed'],
  ['a test that ends its process', `test('exits', () => { process.exit(0); });`, 1, '0 passed, 1 failed'],
  ['a module without tests', '', 1, '0 passed, 1 failed'],
  ['no test file at all', undefined, 1, '0 passed, 1 failed'],
  ['nothing but skipped tests', "test.skip('is skipped', () => {});", 1, '0 passed, 1 failed, 1 skipped'],
  ['a name that no test has', passing, 1, '0 passed, 1 failed, 1 skipped', '-t', 'absent'],
];

describe('closing line', { timeout: 30_000 }, () => {
  it.each(cases)('after %s', (_label, source, exitCode, lastLine, ...options) => {
    expect(runVitest(source, ...options)).toEqual({ exitCode, lastLine });
  });
});
