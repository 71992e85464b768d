import { describe, expect, it } from 'vitest';
import { Program } from '@spop-internal/testbed/program';
import { stopAfterTest } from '@spop-internal/testbed/vitest';

function run(script: string, env: Readonly<Record<string, string>> = {}): Program {
  return stopAfterTest(new Program(process.execPath, ['-e', script], { name: 'the script', env }));
}

const FOREVER = 'setInterval(() => {}, 1000)';

describe('Program', () => {
  it('collects the output on stdout and stderr, up to the last word', async () => {
    const program = run(`console.log(process.env.WORD); console.error('é')`, { WORD: 'hello' });
    expect(await program.ended).toBe('exit code 0');
    expect(program.output.split('\n').toSorted()).toEqual(['', 'hello', 'é']);
    expect(program.isRunning).toBe(false);
  });

  it('waits for a match of a pattern, also in the last output', async () => {
    const program = run(`console.log('listening 4711'); process.exit(3)`);
    expect(await program.says(/listening (\d+)/)).toBe('4711');
    expect(await program.ended).toBe('exit code 3');
    expect(await program.says(/listening \d+/)).toBe('listening 4711');
  });

  it('rejects with the output if the program ends before, or does not match in time', async () => {
    const dying = run(`console.error('no such file'); process.exit(1)`);
    await expect(dying.says(/listening/)).rejects.toThrow('the script ended with exit code 1:\nno such file');
    const silent = run(`console.log('well'); ${FOREVER}`);
    await silent.says(/well/);
    await expect(silent.says(/listening/, 30)).rejects.toThrow('the script was not ready within 30 ms:\nwell');
  });

  it('says why a program could not be started', async () => {
    const program = stopAfterTest(new Program('/nonexistent/program', []));
    expect(await program.ended).toBe('spawn /nonexistent/program ENOENT');
    expect(await program.stop()).toBe('spawn /nonexistent/program ENOENT');
  });

  it('ends a program by a signal, and by force if it does not end', async () => {
    const willing = run(`process.on('SIGINT', () => process.exit(7)); console.log('up'); ${FOREVER}`);
    await willing.says(/up/);
    expect(await willing.stop({ signal: 'SIGINT' })).toBe('exit code 7');
    expect(await willing.stop()).toBe('exit code 7');
    const stubborn = run(`process.on('SIGTERM', () => {}); console.log('up'); ${FOREVER}`);
    await stubborn.says(/up/);
    expect(await stubborn.stop({ graceMs: 50 })).toBe('signal SIGKILL');
  });

  it('kills running programs when its own process ends', async () => {
    const script = `
      import { Program } from '@spop-internal/testbed/program';
      const child = new Program(process.execPath, ['-e', ${JSON.stringify(FOREVER)}]);
      console.log('child', child.pid);
      process.exit(0);`;
    const parent = stopAfterTest(new Program(process.execPath, ['--input-type=module', '-e', script]));
    expect(await parent.ended).toBe('exit code 0');
    const pid = Number(await parent.says(/child (\d+)/));
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
