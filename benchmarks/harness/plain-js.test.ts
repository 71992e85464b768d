import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { plainJsFlags } from './plain-js.ts';

const program = fileURLToPath(new URL('../load/declare-jobs.ts', import.meta.url));

/** What V8 says about assumptions that it gives up while the program is loaded. */
function givenUp(flags: readonly string[]): string {
  return execFileSync(process.execPath, ['--trace-protector-invalidation', ...flags, program], { encoding: 'utf8' });
}

describe('TypeScript as plain JavaScript', () => {
  it('leaves V8 its assumptions', () => {
    expect(givenUp(plainJsFlags())).toBe('');
  });

  it('is not what Node does itself', () => {
    expect(givenUp(['--conditions=@spop/source'])).toContain('ArrayBufferDetaching');
  });
});
