import type { TestProject } from 'vitest/node';
import { lookForHaproxies } from './haproxy/releases.ts';

/** Runs once before the end-to-end tests: unpacks every HAProxy, and reports those that are not available. */
export default async function setUp(project: TestProject): Promise<void> {
  const found = await lookForHaproxies();
  for (const { name, refusal } of found) {
    if (refusal !== undefined) console.warn(`No end-to-end tests with HAProxy of Debian ${name}: ${refusal}`);
  }
  project.provide('haproxies', found);
}
