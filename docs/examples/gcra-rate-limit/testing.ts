/** Code shared by the tests of the rate limiter. */
import { connect, data, type ScriptedHaproxy } from '@spop/builder';
import { type Environment, startAgent } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import { onTestFinished } from 'vitest';

/** Path of the agent's program. */
export const AGENT: URL = new URL('agent.ts', import.meta.url);

/** A burst of three, which does not come back while a test runs. */
export const SPARING = { SPOA_RATE_INTERVAL: '100000000', SPOA_RATE_BURST: '300000000' } as const;

/** Arguments of a message. */
export type Args = Readonly<Record<string, string | number | ReturnType<typeof data.address> | typeof data.nil>>;

/** The variables that an agent sets, by name; all are `sess`. */
export async function ask(peer: ScriptedHaproxy, args: Args): Promise<Record<string, string | number>> {
  const { actions } = await peer.notify('check-rate', args);
  const set = actions.map((action): [string, string | number] => {
    if (action.type !== 'set-var' || action.scope !== 'sess') throw new Error(`found ${action.type} ${action.scope}`);
    const { value } = action;
    if (value.type === 'string') return [action.name, value.value];
    if (value.type === 'int64') return [action.name, Number(value.value)];
    throw new Error(`found ${action.name} of type ${value.type}`);
  });
  return Object.fromEntries(set);
}

/** An agent that allows three requests, with these further settings, and a HAProxy in front of it, until the test ends. */
export async function startPair(env: Environment = {}): Promise<{ agent: Program; peer: ScriptedHaproxy }> {
  const { agent, spoeAddress } = await startAgent(AGENT, { ...SPARING, METRICS_ADDR: '127.0.0.1:0', ...env });
  const [host = '', port = ''] = spoeAddress.split(':');
  const peer = await connect({ host, port: Number(port) }, { timeoutMs: 10_000 });
  onTestFinished(() => peer.close());
  return { agent, peer };
}

/** One of the agent's own metrics, as Prometheus has it. */
export async function metric(agent: Program, line: RegExp): Promise<number> {
  const address = await agent.says(/^metrics on\s+(\S+)$/m);
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return Number(line.exec(text)?.[1]);
}
