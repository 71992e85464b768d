import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface State {
  readonly versions: Readonly<Record<'codec' | 'builder' | 'agent', string>>;
  readonly tags?: readonly string[];
  readonly changesets?: readonly string[];
}

/** Runs `.ci/releases-due` in a new repository, in the given state. */
function findDue(state: State, env: NodeJS.ProcessEnv) {
  const root = mkdtempSync(join(tmpdir(), 'releases-due-'));
  const run = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env }, timeout: 20_000 });
  try {
    cpSync(resolve(import.meta.dirname, '../releases-due'), join(root, '.ci/releases-due'));
    mkdirSync(join(root, '.changeset'));
    for (const name of ['README.md', ...(state.changesets ?? [])]) writeFileSync(join(root, '.changeset', name), '');
    writeFileSync(join(root, 'package.json'), '{ "repository": "github:owner/name" }');
    for (const [name, version] of Object.entries(state.versions)) {
      mkdirSync(join(root, 'packages', name), { recursive: true });
      writeFileSync(join(root, 'packages', name, 'package.json'), JSON.stringify({ version }));
    }
    run('git', ['init', '--quiet']);
    run('git', [
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@example.org',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'a',
    ]);
    for (const tag of state.tags ?? []) run('git', ['tag', tag]);
    return run('.ci/releases-due', []);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const RELEASED = { codec: '1.2.0', builder: '1.2.0', agent: '1.1.0' };

const states: [label: string, state: State, due: string[]][] = [
  ['each package without a tag', { versions: RELEASED }, ['codec', 'builder', 'agent']],
  ['no package whose version has its tag', { versions: RELEASED, tags: ['@spop/agent@1.1.0'] }, ['codec', 'builder']],
  [
    'a package of which only another version has a tag',
    { versions: RELEASED, tags: ['@spop/codec@1.1.0', '@spop/builder@1.2.0', '@spop/agent@1.1.0'] },
    ['codec'],
  ],
  ['nothing while a changeset waits', { versions: RELEASED, changesets: ['new.md'] }, []],
  ['nothing that had no changeset yet', { versions: { codec: '0.0.0', builder: '0.0.0', agent: '0.0.0' } }, []],
];

describe('.ci/releases-due', () => {
  it.each(states)('finds %s', (_label, state, due) => {
    const { status, stdout } = findDue(state, { GITHUB_REPOSITORY: 'owner/name' });
    expect({ status, due: stdout.split('\n').filter(Boolean) }).toEqual({ status: 0, due });
  });

  it('refuses to release from another repository than package.json names', () => {
    const { status, stderr } = findDue({ versions: RELEASED }, { GITHUB_REPOSITORY: 'fork/name' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'package.json says that this repository is owner/name, but it is fork/name\n',
    });
  });
});
