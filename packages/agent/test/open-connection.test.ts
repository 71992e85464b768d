import { duplexPair } from 'node:stream';
import { expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';

/** Timers that keep the process. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

it('an open connection has no timer that keeps the process: only its stream does, if it is a socket', () => {
  const before = timers();
  const [ours, theirs] = duplexPair();
  const agent = createAgent({ helloTimeoutMs: 30_000, idleTimeoutMs: 30_000, partialFrameTimeoutMs: 30_000 });
  agent.handle(theirs);
  expect(agent.connectionCount).toBe(1);
  expect(timers()).toBe(before);
  theirs.destroy();
  ours.destroy();
});
