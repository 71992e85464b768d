import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll } from 'vitest';

/**
 * For runs with coverage. A process that a test has killed may leave half a file of coverage, and one that is just ending may
 * still write its own: vitest would fail to read it. Files that are not whole after a second are removed.
 */
const folder = process.env['NODE_V8_COVERAGE'];
const MOST_LOOKS = 10;

function isWhole(path: string): boolean {
  try {
    JSON.parse(readFileSync(path, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

if (folder !== undefined) {
  afterAll(async () => {
    if (!existsSync(folder)) return;
    for (let look = 1; look <= MOST_LOOKS; look++) {
      const broken = readdirSync(folder)
        .map((name) => join(folder, name))
        .filter((path) => !isWhole(path));
      if (broken.length === 0) return;
      if (look === MOST_LOOKS) for (const path of broken) rmSync(path);
      else await sleep(100);
    }
  });
}
