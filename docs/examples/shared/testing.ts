/** Code shared by the tests of the examples: it asks agents and HAProxy, and reads their answers. */
import type { Answer } from '@spop-internal/testbed/http-client';
import { type AckFrame, connect, type HaproxyPreset, type ScriptedHaproxy } from '@spop/builder';
import { onTestFinished } from 'vitest';

/** Connects to an agent as HAProxy does, until the test ends. */
export async function connectTo(spoeAddress: string, haproxy?: HaproxyPreset): Promise<ScriptedHaproxy> {
  const [host = '', port = ''] = spoeAddress.split(':');
  const peer = await connect({ host, port: Number(port) }, { timeoutMs: 10_000, haproxy });
  onTestFinished(() => peer.close());
  return peer;
}

/** Repeats a request, at most five times, while a busy machine answers it too late for HAProxy's deadline. */
export async function inTime<T extends Pick<Answer, 'headers'>>(send: () => Promise<T>): Promise<T> {
  let answer = await send();
  for (let retries = 5; retries > 0 && answer.headers['x-spoe-error'] === '1'; retries--) answer = await send();
  return answer;
}

/** Variables by name. */
export type Variables = Readonly<Record<string, string | number | boolean>>;

/**
 * The variables that an ACK sets, with the types that examples use: STRING, BOOL, INT32 and INT64.
 *
 * @throws Error for any other action, scope or type.
 */
export function variablesOf({ actions }: AckFrame, scope: 'sess' | 'txn'): Variables {
  const set = actions.map((action): [string, string | number | boolean] => {
    if (action.type !== 'set-var' || action.scope !== scope) throw new Error(`found ${action.type} ${action.scope}`);
    const { value } = action;
    if (value.type === 'int64') return [action.name, Number(value.value)];
    if (value.type === 'string' || value.type === 'bool' || value.type === 'int32') return [action.name, value.value];
    throw new Error(`found ${action.name} of type ${value.type}`);
  });
  return Object.fromEntries(set);
}
