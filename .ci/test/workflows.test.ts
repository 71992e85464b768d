import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Rules for the workflows that `.ci/lint-workflows` does not check, or only with programs that may not be installed. */

const folder = resolve(import.meta.dirname, '../../.github/workflows');
const workflows = globSync('*.yml', { cwd: folder }).toSorted();
const read = (workflow: string): string => readFileSync(join(folder, workflow), 'utf8');

describe.each(workflows)('.github/workflows/%s', (workflow) => {
  it('names actions and images by digest, with the version in a comment', () => {
    const lines = read(workflow).split('\n');
    const uses = lines.filter((line) => /^\s*(- )?uses:/.test(line));
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    const images = lines.filter((line) => /^\s*(container|image):/.test(line));
    expect(images.filter((line) => !/: [\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/.test(line))).toEqual([]);
  });

  it('uses one version of each action', () => {
    const found = [...read(workflow).matchAll(/uses: ([^@]+)(@.*)/g)];
    const versions = Map.groupBy(found, ([, action]) => action);
    expect([...versions.values()].filter((of) => new Set(of.map(([, , version]) => version)).size > 1)).toEqual([]);
  });
});

describe('.github/workflows/release.yml', () => {
  const jobs = read('release.yml').split(/^(?= {2}[\w-]+:$)/m);
  const tokens = jobs.filter((job) => job.includes('id-token: write'));

  it('gives one job the token of the registry, and that job neither sources nor dependencies', () => {
    expect(tokens).toHaveLength(1);
    const [job = ''] = tokens;
    expect([...job.matchAll(/uses: ([^@]+)@/g)].map(([, action]) => action)).toEqual([
      'actions/setup-node',
      'actions/download-artifact',
      'actions/attest',
      'actions/attest',
    ]);
    expect([...job.matchAll(/run: (.*)/g)].map(([, command]) => command)).toEqual([
      'npm stage publish "./$PACKAGE"/*.tgz --provenance --ignore-scripts',
    ]);
  });

  it('runs that job in the environment that a maintainer guards', () => {
    expect(tokens[0]).toContain('environment: npm\n');
  });
});
