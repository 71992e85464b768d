/** The program in the test's own process; test/cli of the agent starts it as users do. */
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { captureOutput } from './cli/written.ts';

const PROGRAM = fileURLToPath(new URL('../src/spop.ts', import.meta.url));
const runs = { count: 0 };
/** The events of stdout that the last run listens to. */
export const events = new EventEmitter();

/** Runs the program with these words. */
export async function spop(...words: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const { texts, stop } = captureOutput();
  events.removeAllListeners();
  const on = vi.spyOn(process.stdout, 'on').mockImplementation((name, listener) => {
    events.on(name, listener);
    return process.stdout;
  });
  vi.stubEnv('FORCE_COLOR', undefined);
  vi.stubEnv('NO_COLOR', '1');
  const { argv, exitCode } = process;
  process.argv = [...argv.slice(0, 2), ...words];
  try {
    // Each run loads the program again, and with it nothing else.
    await import(/* @vite-ignore */ `${PROGRAM}?run=${runs.count++}.ts`);
    return { code: process.exitCode, ...texts };
  } finally {
    process.argv = argv;
    process.exitCode = exitCode;
    vi.unstubAllEnvs();
    stop();
    on.mockRestore();
  }
}
