import { execFileSync } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { copyPackages } from '../compare/packages.ts';
import { plainJsFlags } from './plain-js.ts';

const program = fileURLToPath(new URL('../load/spop-jobs.ts', import.meta.url));

/** What V8 says about assumptions that it gives up while the program is loaded. */
function givenUp(flags: readonly string[]): string {
  return execFileSync(process.execPath, ['--trace-protector-invalidation', ...flags, program], { encoding: 'utf8' });
}

/** Where imports of a package lead. */
function resolved(name: string, flags: readonly string[]): string {
  const program = `console.log(import.meta.resolve('${name}'))`;
  const args = [...flags, '--input-type=module', '--eval', program];
  return execFileSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
}

describe('TypeScript as plain JavaScript', () => {
  it('leaves V8 its assumptions', () => {
    expect(givenUp(plainJsFlags())).toBe('');
  });

  it('takes the packages of the folder that it is given', () => {
    const repository = fileURLToPath(new URL('../../', import.meta.url));
    const copy = copyPackages(repository, undefined);
    try {
      const flags = plainJsFlags(copy.root);
      const expected = ['codec', 'agent'].map(
        (name) => pathToFileURL(`${copy.root}/packages/${name}/src/index.ts`).href,
      );
      expect(['@spop/codec', '@spop/agent'].map((name) => resolved(name, flags))).toEqual(expected);
    } finally {
      copy.remove();
    }
  });

  it('is not what Node does itself', () => {
    expect(givenUp(['--conditions=@spop/source'])).toContain('ArrayBufferDetaching');
  });
});
