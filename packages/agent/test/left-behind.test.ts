import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('closed-agent.fixture.ts', import.meta.url));

it('an agent that is closed leaves no timer or socket that keeps the process', async () => {
  const child = spawn(process.execPath, ['--conditions=@spop/source', PROGRAM], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), exit]);
  expect(output).toBe('left: \n');
  expect(await exit).toEqual([0, null]);
});
