/** Runs `spop` in the process of the tests, where mutants are switched on. Stands in for `spop` of run-spop.ts in the copy. */
import { closeSync, globSync, openSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome, RunOptions } from '../../packages/agent/test/cli/run-spop.ts';

const builder = fileURLToPath(new URL('../../packages/builder/src', import.meta.url));
const stdin = join(tmpdir(), `spop-stdin-${process.pid}`);
const { argv, env: ownEnv, stdout, stderr } = process;
const exit = process.exit.bind(process);
const ownCwd = process.cwd();
const writes = [stdout.write.bind(stdout), stderr.write.bind(stderr)] as const;
const runs = { count: 0 };

// What runs only while a module is loaded is not reached by a test.
for (const file of globSync(`${builder}/cli/commands/*.ts`)) await import(file);

/** Puts a text for each write to a stream where the other streams' writes do not come. */
function capture(stream: NodeJS.WriteStream): () => string {
  const chunks: Buffer[] = [];
  stream.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    chunks.push(Buffer.from(chunk as string));
    const done = rest.at(-1);
    if (typeof done === 'function') queueMicrotask(done as () => void);
    return true;
  };
  return () => Buffer.concat(chunks).toString();
}

/** Runs `spop` with these words to its end. */
export async function spop(
  words: readonly string[],
  { input = '', env = {}, cwd = ownCwd }: RunOptions = {},
): Promise<Outcome> {
  const texts = [capture(stdout), capture(stderr)] as const;
  writeFileSync(stdin, input);
  // The lowest free number is given to the next file.
  closeSync(0);
  openSync(stdin, 'r');
  process.argv = [...argv.slice(0, 2), ...words];
  process.env = { ...ownEnv, NO_COLOR: '1', ...env };
  process.exitCode = undefined;
  process.exit = (() => undefined) as () => never;
  process.chdir(cwd);
  const listeners = stdout.listeners('error');
  try {
    await import(`${builder}/spop.ts?run=${runs.count++}`);
  } catch (error) {
    stderr.write(error instanceof Error ? (error.stack ?? '') : String(error));
    process.exitCode = 1;
  } finally {
    // spop ends its process in the next turn, if it has to.
    await new Promise((resolve) => setImmediate(resolve));
    for (const added of stdout.listeners('error').filter((each) => !listeners.includes(each)))
      stdout.removeListener('error', added as () => void);
    stdout.write = writes[0];
    stderr.write = writes[1];
    process.argv = argv;
    process.env = ownEnv;
    process.exit = exit;
    process.chdir(ownCwd);
  }
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  return { code, stdout: texts[0](), stderr: texts[1]() };
}
