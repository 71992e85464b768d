/** Asks the agent without HAProxy, for tests. */
import { connect, data, type ScriptedHaproxy } from '@spop/builder';
import { type Environment, startAgent } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import { onTestFinished } from 'vitest';
import { Path } from './messages.ts';
import { solve } from './solving.ts';
import { AGENT, EASY } from './testing.ts';

type Args = Readonly<
  Record<string, string | number | boolean | ReturnType<typeof data.binary | typeof data.address> | typeof data.nil>
>;
type Answered = Readonly<Record<string, string | number | boolean>>;

/** The agent as a process of its own, and a scripted HAProxy in front of it, until the test ends. */
export async function start(env: Environment = {}): Promise<{ agent: Program; peer: ScriptedHaproxy }> {
  const { agent, spoeAddress } = await startAgent(AGENT, { ...EASY, ...env });
  const [host = '', port = ''] = spoeAddress.split(':');
  const peer = await connect({ host, port: Number(port) }, { timeoutMs: 10_000 });
  onTestFinished(() => peer.close());
  return { agent, peer };
}

const HERE = { frontend: 'www', src: data.ipv4('192.0.2.1'), host: 'site.test' };

/** The variables that a message sets, by name; all are `txn`. */
export async function ask(peer: ScriptedHaproxy, message: 'validate' | 'challenge', args: Args): Promise<Answered> {
  const { actions } = await peer.notify(message, { ...HERE, ...args });
  return Object.fromEntries(
    actions.map((action) => {
      if (action.type !== 'set-var' || action.scope !== 'txn') throw new Error(`found ${action.type} ${action.scope}`);
      const { value } = action;
      if (!('value' in value)) throw new Error(`found ${action.name} of type ${value.type}`);
      return [action.name, typeof value.value === 'bigint' ? Number(value.value) : value.value];
    }),
  ) as Answered;
}

/** A body that solves a challenge of this level. */
export async function solution(peer: ScriptedHaproxy, level: number): Promise<Args> {
  const { response } = await ask(peer, 'challenge', { level, method: 'GET', path: '/' });
  const [, , bits, challenge = ''] = String(response).split('.');
  const body = `challenge=${challenge}&number=${solve(challenge, Number(bits))}`;
  return { method: 'POST', path: Path.solution, body: data.binary(Buffer.from(body)), ssl: true };
}
