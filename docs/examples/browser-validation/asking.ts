/** Asks the agent without HAProxy, for tests. */
import { data, type ScriptedHaproxy } from '@spop/builder';
import { type Environment, startAgent } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import { connectTo, type Variables, variablesOf } from '../shared/testing.ts';
import { Path } from './messages.ts';
import { solve } from './solving.ts';
import { AGENT, EASY } from './testing.ts';

type Args = Readonly<
  Record<string, string | number | boolean | ReturnType<typeof data.binary | typeof data.address> | typeof data.nil>
>;

/** The agent as a process of its own, and a scripted HAProxy connected to it, until the test ends. */
export async function start(env: Environment = {}): Promise<{ agent: Program; peer: ScriptedHaproxy }> {
  const { agent, spoeAddress } = await startAgent(AGENT, { ...EASY, ...env });
  return { agent, peer: await connectTo(spoeAddress) };
}

const REQUEST = { frontend: 'www', src: data.ipv4('192.0.2.1'), host: 'site.test' };

/** The variables that a message sets; all are `txn`. */
export async function ask(peer: ScriptedHaproxy, message: 'validate' | 'challenge', args: Args): Promise<Variables> {
  return variablesOf(await peer.notify(message, { ...REQUEST, ...args }), 'txn');
}

/** A body that solves a challenge of this level. */
export async function solution(peer: ScriptedHaproxy, level: number): Promise<Args> {
  const { response } = await ask(peer, 'challenge', { level, method: 'GET', path: '/' });
  const [, , bits, challenge = ''] = String(response).split('.');
  const body = `challenge=${challenge}&number=${solve(challenge, Number(bits))}`;
  return { method: 'POST', path: Path.solution, body: data.binary(Buffer.from(body)), ssl: true };
}
