import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${folder}README.md`, 'utf8');

/** The programs of the README.md, each with its heading and the output that the README states. */
const programs = [...readme.matchAll(/```ts\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map(
  ({ index, 1: code = '', 2: output }) => {
    const heading =
      readme
        .slice(0, index)
        .match(/^##+ .*$/gm)
        ?.at(-1) ?? '';
    return [`${heading.replace(/^#+ /, '')}, at character ${index}`, code, output] as const;
  },
);

/** Runs the program as a user would, but from this package, so that its import leads to the sources. */
function run(code: string): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--conditions=@spop/source', '--input-type=module-typescript', '--disable-warning=ExperimentalWarning'],
    { cwd: folder, input: code, encoding: 'utf8', timeout: 20_000, env: { ...process.env, NO_COLOR: '1' } },
  );
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

describe('README.md', () => {
  it('holds programs', () => {
    expect(programs.length).toBeGreaterThan(5);
  });

  it.each(programs)('has the right output for the program: %s', { timeout: 30_000 }, (_, code, output) => {
    expect(run(code)).toBe(output);
  });
});
