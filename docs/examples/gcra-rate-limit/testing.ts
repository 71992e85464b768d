/** Code shared by the tests of the rate limiter. */
import type { ArgumentsInput, ScriptedHaproxy } from '@spop/builder';
import { type Environment, startAgent } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import { connectTo, type Variables, variablesOf } from '../shared/testing.ts';

/** Path of the agent's program. */
export const AGENT: URL = new URL('agent.ts', import.meta.url);

/** A burst of three, which does not come back while a test runs. */
export const SPARING = { SPOA_RATE_INTERVAL: '100000000', SPOA_RATE_BURST: '300000000' } as const;

/** The variables that the agent sets; all are `sess`. */
export async function ask(peer: ScriptedHaproxy, args: ArgumentsInput): Promise<Variables> {
  return variablesOf(await peer.notify('check-rate', args), 'sess');
}

/** An agent that allows three requests, with these further settings, and a scripted HAProxy connected to it, until the test ends. */
export async function startPair(env: Environment = {}): Promise<{ agent: Program; peer: ScriptedHaproxy }> {
  const { agent, spoeAddress } = await startAgent(AGENT, { ...SPARING, METRICS_ADDR: '127.0.0.1:0', ...env });
  return { agent, peer: await connectTo(spoeAddress) };
}

/** The value of one of the agent's own metrics, in the line of Prometheus' text that `line` matches. */
export async function metric(agent: Program, line: RegExp): Promise<number> {
  const address = await agent.says(/^metrics on\s+(\S+)$/m);
  const text = await (await fetch(`http://${address}/metrics`)).text();
  return Number(line.exec(text)?.[1]);
}
