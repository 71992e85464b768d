import { type Actions, defineMessage, defineVariable, integer, string } from '@spop/codec';
import { expect, it } from 'vitest';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { createReportingAgent, listenOnPort, startRig } from './haproxy-rig.ts';

const ask = defineMessage('ask', { n: integer });
const n = defineVariable('txn', 'n', integer);
const padding = defineVariable('txn', 'padding', string);

const CONFIGURATION: Configuration = {
  messages: { ask: { args: 'n=url_param(n),add(0)', event: 'on-frontend-http-request' } },
  shown: { 'x-n': 'txn.n' },
};

/** Type, NB-ARGS, scope, the name with its length, the type of the value and its length in three bytes. */
const BYTES_BESIDE_TEXT = 3 + 8 + 1 + 3;

/** Fills the ACK to a few bytes below its limit. */
function fill(ack: Actions): void {
  ack.set(padding, 'x'.repeat(ack.remainingBytes - BYTES_BESIDE_TEXT));
  expect(ack.remainingBytes).toBeLessThan(4);
}

describeHaproxies('ACKs as large as they may be', (release) => {
  it.each([
    ['with pipelining', []],
    ['without pipelining', ['no option pipelining']],
  ])('%s are all accepted, 64 requests at a time', async (_, agentLines) => {
    const { agent } = createReportingAgent();
    agent.onMessage(ask, (message, ack) => {
      ack.set(n, message.n);
      fill(ack);
    });
    const { client } = await startRig(release, await listenOnPort(agent), { ...CONFIGURATION, agentLines });
    for (let round = 0; round < 10; round++) {
      const ids = Array.from({ length: 64 }, (_unused, i) => round * 64 + i);
      const answers = await Promise.all(ids.map((id) => client.request({ path: `/?n=${id}` })));
      expect(answers.map(({ headers }) => headers['x-n'])).toEqual(ids.map(String));
      expect(answers.filter(({ headers }) => headers['x-error'] !== undefined)).toEqual([]);
    }
  });
});
