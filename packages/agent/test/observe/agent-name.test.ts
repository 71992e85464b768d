import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, haproxyHello, notify, type ScriptedHaproxy } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Agent, createAgent, textLogger, toOpenMetricsText, toPrometheusText } from '../../src/index.ts';
import { connectRaw, eventually, startAgent, takeAdvice, takeWarnings } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);
const fail = (): never => {
  throw new Error('no answer');
};

function published(channel: string): object[] {
  const messages: object[] = [];
  const keep = (message: unknown): void => void messages.push(message as object);
  subscribe(channel, keep);
  onTestFinished(() => void unsubscribe(channel, keep));
  return messages;
}

describe('the name of an agent', () => {
  it('is in its events and traces, which tell agents of one process apart', async () => {
    const events = published('spop:handlerError');
    const traces = published('spop:notify:end');
    const names = ['limiter', 'a "bouncer"\n', undefined];
    for (const name of names) {
      const { connect: connectPeer, reports } = await startAgent({
        name,
        setup: (agent) => agent.onMessage(ask, fail),
      });
      const peer = await connectPeer();
      await peer.notify(ask, { id: '1' });
      expect(reports.handlerError).toEqual([expect.objectContaining({ agent: name })]);
      expect(reports.connect).toEqual([expect.objectContaining({ agent: name })]);
    }
    const expected = names.map((agent) => expect.objectContaining({ agent }) as object);
    expect(events).toEqual(expected);
    expect(traces).toEqual(expected);
  });

  it('is in each line of its log, after the name of the event', async () => {
    const lines: string[] = [];
    const logger = textLogger({ level: 'debug', write: (line) => void lines.push(line) });
    const { agent, target } = await startAgent({
      name: 'a "bouncer"\n',
      logger,
      link: 'unix socket',
      setup: (each) => each.onMessage(ask, fail),
    });
    const peer = await connectRaw(target);
    peer.send(notify());
    await eventually(() => agent.toMetrics().events.protocolError > 0);
    peer.stream.destroy();
    await agent.close();
    expect(lines.length).toBeGreaterThan(3);
    expect(lines.filter((line) => !/event=\w+ agent="a \\"bouncer\\"\\u000a"/.test(line))).toEqual([]);
    const plain: string[] = [];
    const other = createAgent({ logger: textLogger({ write: (line) => void plain.push(line) }) });
    await other.close();
    expect(plain.filter((line) => line.includes('agent='))).toEqual([]);
  });

  it('is in warnings and advice of an agent without a logger', async () => {
    const agent = createAgent({ name: 'bouncer' }).onMessage(ask, fail);
    onTestFinished(() => agent.close());
    const { port } = await agent.listen({ port: 0 });
    const peer = await connectRaw({ host: '127.0.0.1', port });
    takeAdvice();
    peer.send(haproxyHello(), notify().message('ask'));
    await eventually(() => agent.toMetrics().events.handlerError > 0);
    await eventually(() => false, 20);
    expect(takeWarnings()).toEqual([expect.stringMatching(/^agent "bouncer": a handler of "ask" failed/)]);
    expect(takeAdvice()).toEqual([expect.stringMatching(/^agent "bouncer": message "ask" has no argument "id"/)]);
    peer.stream.destroy();
  });

  it('tells a scripted HAProxy over a unix socket which agent reported', async () => {
    const peers: ScriptedHaproxy[] = [];
    for (const name of ['limiter', 'bouncer']) {
      const setup = (agent: Agent): unknown => agent.onMessage(ask, () => fail());
      const { target } = await startAgent({ name, link: 'unix socket', setup });
      const peer = await connect(target, { agentName: name });
      onTestFinished(() => peer.close());
      peers.push(peer);
    }
    // Both ask with the same stream-id.
    const acks = await Promise.all(peers.map((peer) => peer.notify(ask, { id: '1' })));
    for (const ack of acks) expect(() => expect(ack).toSetVar(number, 1)).toThrow('threw Error: no answer');
  });

  it('is a label of its metrics, so that several agents share one text', () => {
    const [limiter, bouncer] = ['limiter', 'a "bouncer"'].map((name) => createAgent({ name }).toMetrics());
    const several = [limiter!, { ...bouncer!, disconnects: { 13: 2 } }];
    const text = toPrometheusText(several, [{ name: 'own', type: 'gauge', help: 'Of both.', value: 1 }]);
    expect(text).toContain(
      [
        '# TYPE spop_agent_connections gauge',
        'spop_agent_connections{agent="limiter"} 0',
        'spop_agent_connections{agent="a \\"bouncer\\""} 0',
        '',
      ].join('\n'),
    );
    expect(text).toContain('\nspop_agent_disconnects_total{agent="a \\"bouncer\\"",status="13"} 2\n');
    expect(text).toContain('\nspop_agent_notify_duration_seconds_bucket{agent="limiter",le="+Inf"} 0\n');
    expect(text).toContain('\nown 1\n');
    const samples = toOpenMetricsText(several)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(samples.filter((line) => !line.includes('{agent="'))).toEqual([]);
    expect(toPrometheusText([limiter!])).toBe(toPrometheusText(limiter!));
  });

  it.each([
    [undefined, undefined],
    ['same', 'same'],
  ])('has to differ within one text of metrics: %s, %s', (...names) => {
    const several = names.map((name) => createAgent({ name }).toMetrics());
    expect(() => toPrometheusText(several)).toThrow('expected agents with names of their own');
  });
});
