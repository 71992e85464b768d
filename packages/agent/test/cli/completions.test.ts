import { execFileSync, spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { spop } from './run-spop.ts';

const commands = ['ping', 'hello', 'send', 'decode', 'record', 'replay', 'init', 'lint', 'completions'];

describe('spop completions', () => {
  let bash = '';
  beforeAll(async () => {
    bash = (await spop(['completions', 'bash'])).stdout;
  });

  /** The completions that bash offers for the last of these words. */
  function offered(...words: readonly string[]): string[] {
    const list = words.map((word) => `'${word}'`).join(' ');
    const script = `${bash}\nCOMP_WORDS=(spop ${list}); COMP_CWORD=${words.length}; _spop; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: import.meta.dirname })
      .split('\n')
      .filter(Boolean);
  }

  it('offer the commands, the options, and their known values', () => {
    expect(offered('')).toEqual(expect.arrayContaining(commands));
    expect(offered('pi')).toEqual(['ping']);
    expect(offered('help', 'd')).toEqual(['decode']);
    expect(offered('send', ':9', '--h')).toEqual(['--haproxy', '--help']);
    expect(offered('send', ':9', '--haproxy', '3')).toEqual(['3.0', '3.1', '3.2', '3.4']);
    expect(offered('ping', '--timeout', '')).toEqual([]);
    expect(offered('completions', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(offered('decode', 'decode')).toEqual(['decode.test.ts']);
    expect(offered('ping', ':9', '--ca', 'decode')).toEqual(['decode.test.ts']);
  });

  it.each(['zsh', 'fish'])('have every command and option for %s', async (shell) => {
    const { code, stdout } = await spop(['completions', shell]);
    expect(code).toBe(0);
    for (const name of commands) expect(stdout).toContain(name);
    expect(stdout).toContain('3.4');
    const { error, status, stderr } = spawnSync(shell, ['-n', '-c', stdout], { encoding: 'utf8' });
    // If the shell is not installed, its grammar cannot be checked.
    if (error === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('are refused for any other word than a known shell', async () => {
    const { code, stderr } = await spop(['completions', 'cmd']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'spop: expected a shell; found "cmd"\n  shells: bash, zsh, fish\n',
    });
  });
});
