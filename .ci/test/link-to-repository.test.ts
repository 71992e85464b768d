import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The README after `.ci/link-to-repository.ts`, and its output on stderr. */
function linked(readme: string): { readme: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'link-to-repository-'));
  try {
    const repository = { type: 'git', url: 'git+https://example.com/a/b.git', directory: 'packages/codec' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ repository }));
    writeFileSync(join(folder, 'README.md'), readme);
    const script = resolve(import.meta.dirname, '../link-to-repository.ts');
    const { stderr } = spawnSync(process.execPath, [script, folder, 'c0ffee'], { encoding: 'utf8', timeout: 20_000 });
    return { readme: readFileSync(join(folder, 'README.md'), 'utf8'), stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('.ci/link-to-repository.ts', () => {
  it('makes relative links absolute, at a commit, and does not change others', () => {
    expect(linked('[a](../../docs/errors.md#x) [b](../builder/README.md) [c](src/index.ts)').readme).toBe(
      '[a](https://example.com/a/b/blob/c0ffee/docs/errors.md#x) ' +
        '[b](https://example.com/a/b/blob/c0ffee/packages/builder/README.md) ' +
        '[c](https://example.com/a/b/blob/c0ffee/packages/codec/src/index.ts)',
    );
    const others = '[a](#limits) [b](https://example.org/c) [d](mailto:e@example.org)';
    expect(linked(others).readme).toBe(others);
  });

  it('refuses a link out of the repository', () => {
    expect(linked('[a](../../../b)').stderr).toContain('../../../b leads out of the repository');
  });
});
