import { fileURLToPath } from 'node:url';
import { Program } from '@spop-internal/testbed/program';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('closed-agent.fixture.ts', import.meta.url));

it('an agent that is closed leaves no timer or socket that keeps the process', async () => {
  const program = stopAfterTest(new Program(process.execPath, ['--conditions=@spop/source', PROGRAM]));
  expect(await program.ended).toBe('exit code 0');
  expect(program.output).toBe('left: \n');
});
