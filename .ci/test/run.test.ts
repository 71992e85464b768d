import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '..');

/** Runs `.ci/run` with stand-ins for every program that it calls, and returns its exit code and the lines it wrote. */
function runCi(programs: Partial<Record<'apt-get' | 'npm' | 'pnpm' | 'lint-workflows', string>>): {
  exitCode: number | null;
  lines: string[];
} {
  const root = mkdtempSync(join(tmpdir(), 'ci-run-'));
  try {
    cpSync(join(folder, 'run'), join(root, '.ci/run'));
    cpSync(join(folder, 'with-node'), join(root, '.ci/with-node'));
    const bin = join(root, 'bin');
    mkdirSync(bin);
    const { 'lint-workflows': lint = '', ...others } = programs;
    writeFileSync(join(root, '.ci/lint-workflows'), `#!/bin/sh\n${lint}\n`, { mode: 0o755 });
    const all = {
      'apt-get': '',
      npm: 'echo 10 passed, 0 failed',
      npx: 'printf %s "$PATH"',
      pnpm: 'echo 7 passed, 0 failed',
      ...others,
    };
    for (const [name, script] of Object.entries(all)) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const env = { PATH: `${bin}:/usr/bin:/bin` };
    const { status, stdout } = spawnSync(join(root, '.ci/run'), { encoding: 'utf8', env, timeout: 20_000 });
    return { exitCode: status, lines: stdout.trimEnd().split('\n') };
  } finally {
    rmSync(root, { recursive: true });
  }
}

const cases: [label: string, programs: Parameters<typeof runCi>[0], exitCode: number, lastLine: string][] = [
  ['adds up three runs that pass', {}, 0, '24 passed, 0 failed'],
  ['leaves out skipped tests', { pnpm: 'echo 7 passed, 0 failed, 2 skipped' }, 0, '24 passed, 0 failed'],
  ['counts a failed test', { npm: 'echo 9 passed, 1 failed; exit 1' }, 1, '23 passed, 1 failed'],
  ['counts checks that fail before any test', { npm: 'echo error; exit 1' }, 1, '14 passed, 1 failed'],
  ['counts a run that fails after its tests', { npm: 'echo 10 passed, 0 failed; exit 2' }, 1, '24 passed, 1 failed'],
  ['counts a run that says nothing', { npm: '' }, 1, '14 passed, 1 failed'],
  [
    'takes the last line of a run',
    { npm: 'echo 1 passed, 3 failed; echo 10 passed, 0 failed' },
    0,
    '24 passed, 0 failed',
  ],
  [
    'counts packages that could not be published',
    { pnpm: '[ "$2" != check:publish ] || exit 1; echo 7 passed, 0 failed' },
    1,
    '24 passed, 1 failed',
  ],
  [
    'counts planted faults that nothing noticed',
    { pnpm: '[ "$2" != plant ] || exit 1; echo 7 passed, 0 failed' },
    1,
    '24 passed, 1 failed',
  ],
  ['counts Debian packages that cannot be installed', { 'apt-get': 'exit 100' }, 1, '24 passed, 1 failed'],
  ['counts workflows with findings', { 'lint-workflows': 'exit 14' }, 1, '24 passed, 1 failed'],
];

describe('.ci/run', () => {
  it.each(cases)('%s', { timeout: 30_000 }, (_label, programs, exitCode, lastLine) => {
    const { exitCode: found, lines } = runCi(programs);
    expect({ exitCode: found, lastLine: lines.at(-1) }).toEqual({ exitCode, lastLine });
  });

  it('adds up skipped tests on a separate line', { timeout: 30_000 }, () => {
    expect(runCi({ pnpm: 'echo 7 passed, 0 failed, 2 skipped' }).lines).toContain(
      '4 skipped, each with its reason above',
    );
  });
});
