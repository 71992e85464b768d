import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { jsonLines, type Outcome, spop } from '../../packages/agent/test/cli/run-spop.ts';
import { AgentProcess } from '../load/agent-process.ts';
import { buildLanes } from '../peers/lanes.ts';

/** A first attempt at an agent, and a library in Go, which is built if Go is installed. */
const PEERS = ['naive Node', 'negasus/haproxy-spoe-go'] as const;

/** Enough for six starts of `spop` on a busy machine. */
const TIMEOUT_MS = 300_000;

const built = await Promise.all(PEERS.map((name) => buildLanes(process.versions.node, name, () => {})));
const lanes = built.flatMap((each) => each.lanes);
const skipped = new Map(built.flatMap((each) => each.skipped).map(({ name, reason }) => [name, reason]));

describe.each(PEERS)('spop, in front of %s', (name) => {
  const lane = lanes.find((each) => each.name === name);
  const reason = skipped.get(name) ?? 'it was not built';

  it.skipIf(lane === undefined)(
    `pings, greets, asks and judges it${lane === undefined ? `: ${reason}` : ''}`,
    async () => {
      const agent = stopAfterTest(await AgentProcess.start(lane!.command));
      const target = `127.0.0.1:${agent.port}`;
      const ping = await spop(['ping', target]);
      expect([ping.code, ping.stdout]).toEqual([0, expect.stringContaining(`${target} is up`)]);
      const hello = await spop(['hello', target]);
      expect([hello.code, hello.stdout]).toEqual([0, expect.stringMatching(/^version +2\.0$/m)]);

      const asked = await spop(['send', target, 'check-client-ip', 'ip=10.0.0.7', '--json']);
      expect(asked.code).toBe(0);
      expect(jsonLines(asked)).toMatchObject([{ actions: [{ type: 'set-var', scope: 'sess', name: 'ip_score' }] }]);

      const judge = (cases: string): Promise<Outcome> =>
        spop(['conformance', target, '--run', cases, '--timeout', '5s']);
      const good = await judge('spop/3.2.6/known-message');
      expect([good.code, good.stdout]).toEqual([0, expect.stringMatching(/^must +1 +0 /m)]);
      // Neither of them refuses every HELLO that it should.
      const bad = await judge('spop/3.2.4/*');
      expect([bad.code, bad.stdout]).toEqual([1, expect.stringMatching(/^must +\d+ +[1-9]/m)]);
    },
    TIMEOUT_MS,
  );
});
