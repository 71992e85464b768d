/** Plays HAProxy on a machine without one: SPOP over a real connection, and the rule of haproxy.cfg in code. */
import { parseListenAddress } from '@spop/agent';
import { connect } from '@spop/builder';
import { checkClientIp, ipScore } from '../messages.ts';
import type { Answer, Front } from './front.ts';

/** As in haproxy.cfg: `http-request deny deny_status 403 if { var(sess.reputation.ip_score) -m int ge 80 }`. */
const DENIED_FROM = 80;

/** Connects to the agent at `spoeAddress` as HAProxy does. */
export async function startStandIn(spoeAddress: string): Promise<Front> {
  const target = parseListenAddress(spoeAddress);
  if ('fd' in target) throw new Error(`expected an address that can be connected to; found ${spoeAddress}`);
  const peer = await connect(target);
  const { version, maxFrameSize, capabilities } = await peer.hello();

  const ask = async (client: string): Promise<Answer> => {
    const { actions } = await peer.notify(checkClientIp, { ip: client });
    const action = actions.find(({ scope, name }) => scope === ipScore.scope && name === ipScore.name);
    const score = action?.type === 'set-var' && action.value.type === 'int32' ? action.value.value : undefined;
    const denied = score !== undefined && score >= DENIED_FROM;
    return { score, outcome: denied ? '403 Forbidden' : '200 OK', denied, error: undefined };
  };
  return {
    title: [
      'no HAProxy but a stand-in, which plays HAProxy over a connection to the agent',
      `  (SPOP ${version}, max-frame-size ${maxFrameSize}, capabilities: ${capabilities.join(', ') || 'none'})`,
    ].join('\n'),
    measures: 'one NOTIFY and its ACK',
    usage: [
      `SPOE_ADDR=${spoeAddress} haproxy -db -f docs/examples/ip-reputation/haproxy.cfg     (where HAProxy is installed)`,
    ],
    // Each ask() reports errors of the connection itself; the demo watches the agent's process.
    broken: new Promise(() => {}),
    ask,
    close: async () => {
      // After Ctrl-C the agent may have disconnected first.
      await Promise.allSettled([peer.disconnect()]);
    },
  };
}
