import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Compares the fields that a registry shows with `repository` of the top package.json, which alone names the repository. */

const root = resolve(import.meta.dirname, '../..');

function manifest(folder: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8')) as Record<string, unknown>;
}

describe.each(['codec', 'builder', 'agent'])('packages/%s/package.json', (name) => {
  const found = manifest(`packages/${name}`);

  it('leads to the repository', () => {
    const url = `https://github.com/${String(manifest('.')['repository']).replace(/^github:/, '')}`;
    expect(found).toMatchObject({
      homepage: `${url}/tree/main/packages/${name}#readme`,
      bugs: `${url}/issues`,
      repository: { type: 'git', url: `git+${url}.git`, directory: `packages/${name}` },
    });
  });

  it('can be found by its purpose', () => {
    expect(found['description']).toMatch(/SPOP/);
    expect(found['keywords']).toEqual(expect.arrayContaining(['haproxy', 'spoe', 'spop']));
  });

  it('has a license, and its text', () => {
    expect(found['license']).toBe('MIT');
    expect(existsSync(resolve(root, `packages/${name}/LICENSE`))).toBe(true);
  });
});
