/** HAProxy from Debian's packages, unpacked beside what the agent's end-to-end tests use. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface HaproxyProgram {
  readonly version: string;
  readonly program: string;
}

const UNPACK = fileURLToPath(new URL('../../packages/agent/test/haproxy/unpack-haproxy.sh', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/spop-haproxy/', import.meta.url));

/** The releases of Debian that have HAProxy 2.6, 3.0 and 3.2. */
const SUITES = ['bookworm', 'trixie', 'forky'] as const;

/** HAProxy of these releases of Debian, the oldest first; unpacked where they are not there yet. */
export async function findHaproxies(suites: readonly string[] = SUITES): Promise<HaproxyProgram[]> {
  const programs: HaproxyProgram[] = [];
  for (const suite of suites) {
    const folder = `${CACHE}${suite}-${process.arch}`;
    if (!existsSync(`${folder}/haproxy`)) await promisify(execFile)(UNPACK, [suite, folder], { timeout: 180_000 });
    const { stdout } = await promisify(execFile)(`${folder}/haproxy`, ['-v']);
    programs.push({ version: /(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? suite, program: `${folder}/haproxy` });
  }
  return programs;
}
