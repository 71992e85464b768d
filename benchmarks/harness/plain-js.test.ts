import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { copyPackages } from '../compare/packages.ts';
import { plainJsFlags } from './plain-js.ts';

function node(...args: readonly string[]): string {
  return execFileSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname });
}

describe('TypeScript as plain JavaScript', () => {
  it('leaves V8 its assumptions, unlike Node’s own way', () => {
    const program = fileURLToPath(new URL('../load/spop-jobs.ts', import.meta.url));
    const givenUp = (flags: readonly string[]): string => node('--trace-protector-invalidation', ...flags, program);
    expect(givenUp(plainJsFlags())).toBe('');
    expect(givenUp(['--conditions=@spop/source'])).toContain('ArrayBufferDetaching');
  });

  it('takes the packages of the folder that it is given', () => {
    const { root } = copyPackages();
    // The worker ends without its event.
    onTestFinished(() => rmSync(root, { recursive: true }));
    const ask = `console.log(['codec', 'agent'].map((name) => import.meta.resolve('@spop/' + name)).join())`;
    const resolved = node(...plainJsFlags(root), '--input-type=module', '--eval', ask).trim();
    const expected = ['codec', 'agent'].map((name) => `${root}/packages/${name}/src/index.ts`);
    expect(resolved).toBe(expected.map((path) => pathToFileURL(path).href).join());
  });
});
