import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Many times what any script takes on a machine of its own. */
const TIMEOUT_MS = 900_000;

/**
 * Runs a script in a Node of its own, and returns the JSON that it prints. The flags say how the script finds `@spop/*`.
 *
 * @throws {Error} if the process fails, or takes more than fifteen minutes.
 */
export async function resultOf(
  script: URL,
  flags: readonly string[],
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const all = ['--disable-warning=ExperimentalWarning', ...flags, fileURLToPath(script), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, all, {
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 24,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}
