import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { haproxyHello } from '@spop/builder';
import { expect, it } from 'vitest';
import { createAgent } from '../../src/index.ts';

it('a connection that has closed is no longer counted', async () => {
  // Without the harness, which would wait for the connection at the end.
  const agent = createAgent({ eventLoopBlockedMs: 0 });
  const pairs = Array.from({ length: 3 }, () => duplexPair());
  for (const [ours, theirs] of pairs) {
    agent.handle(theirs);
    ours.write(haproxyHello().toBytes());
  }
  expect(agent.connectionCount).toBe(3);
  expect(agent.toMetrics().openConnections).toBe(3);
  for (const [, theirs] of pairs.slice(1)) theirs.destroy();
  for (let turn = 0; turn < 5; turn++) await nextTurn();
  expect(agent.connectionCount).toBe(1);
  expect(agent.toMetrics().openConnections).toBe(1);
  for (const [ours, theirs] of pairs) [ours, theirs].forEach((end) => end.destroy());
});
