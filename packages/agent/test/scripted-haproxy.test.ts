import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, type AgentOptions, createAgent } from '@spop/agent';
import {
  assertSetVar,
  connect,
  type ConnectOptions,
  notify,
  PeerFailure,
  type ScriptedHaproxy,
  type StreamHandler,
} from '@spop/builder';
import '@spop/builder/vitest';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';
import { describe, expect, it, onTestFinished } from 'vitest';

const checkIp = defineMessage('check-ip', { ip: address });
const other = defineMessage('other', {});
const score = defineVariable('sess', 'score', int32);
const arguments_ = { ip: '192.0.2.1' };

/** An agent with one handler, and a scripted HAProxy in front of it; both are closed when the test ends. */
async function ask(
  handler: () => void | Promise<void>,
  options: AgentOptions = {},
  connectOptions: ConnectOptions = {},
): Promise<ScriptedHaproxy> {
  const agent = agentOf(handler, options);
  return peerOf(agent, connectOptions);
}

function agentOf(handler: () => void | Promise<void>, options: AgentOptions = {}): Agent {
  const agent = createAgent({ eventLoopBlockedMs: 0, ...options }).onMessage(checkIp, handler);
  onTestFinished(() => agent.close({ graceMs: 0 }));
  return agent;
}

async function peerOf(target: Parameters<typeof connect>[0], options: ConnectOptions = {}): Promise<ScriptedHaproxy> {
  const peer = await connect(target, options);
  onTestFinished(() => peer.close());
  return peer;
}

async function failureOf(run: () => unknown): Promise<Error> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected a failure');
}

function throwing(): void {
  throw new TypeError('no such list', { cause: new Error('ENOENT') });
}

const threw = 'a handler of "check-ip" threw TypeError: no such list (cause: Error: ENOENT) at throwing (';
const late =
  'the handlers of "check-ip" did not settle within their deadline (timeoutMs of the message, or processingTimeoutMs)';
const unhandled = 'there is no handler for "other"; there are handlers for "check-ip"';

describe('an assertion on the ACK of an agent in this process', () => {
  it('reports the error of the handler, and its place', async () => {
    const peer = await ask(throwing);
    const answer = await peer.notify(checkIp, arguments_);
    const { message } = await failureOf(() => expect(answer).toSetVar(score, 1));
    expect(message).toContain(`but it does not. It has no actions.\nThe agent reported that ${threw}`);
    expect(message).toMatch(/scripted-haproxy\.test\.ts:\d+/);
    expect((await failureOf(() => assertSetVar(answer, score, 1))).message).toContain(threw);
  });

  it('reports the rejection of the handler', async () => {
    const peer = await ask(async () => {
      await sleep(1);
      throwing();
    });
    const answer = await peer.notify(checkIp, arguments_);
    expect((await failureOf(() => expect(answer).toSetVar(score, 1))).message).toContain(threw);
  });

  it('reports that the handler was too late', async () => {
    const peer = await ask(() => new Promise(() => {}), { processingTimeoutMs: 20 });
    const answer = await peer.notify(checkIp, arguments_);
    expect((await failureOf(() => expect(answer).toSetVar(score, 1))).message).toContain(`reported that ${late}`);
  });

  it('reports that there is no handler for the message', async () => {
    const peer = await ask(() => {});
    const answer = await peer.notify(other);
    expect((await failureOf(() => expect(answer).toSetVar(score, 1))).message).toContain(`reported that ${unhandled}`);
  });

  it.each<[string, unknown, string]>([
    ['no error', 'words', 'threw words'],
    ['nothing', undefined, 'threw undefined'],
    ['a value without a text', Object.create(null), 'threw object without a text'],
    ['a long text', new Error('x'.repeat(10_000)), `${'x'.repeat(493)}… at `],
  ])('reports a handler that threw %s', async (_, thrown, text) => {
    const peer = await ask(() => {
      throw thrown;
    });
    const answer = await peer.notify(checkIp, arguments_);
    expect((await failureOf(() => expect(answer).toSetVar(score, 1))).message).toContain(text);
  });

  it('adds nothing if the agent reported nothing', async () => {
    const peer = await ask(() => {});
    const answer = await peer.notify(checkIp, arguments_);
    expect((await failureOf(() => expect(answer).toSetVar(score, 1))).message).not.toContain('reported');
  });
});

describe('a step that fails', () => {
  it.each([
    ['threw', throwing, {}, notify().message(checkIp, arguments_), threw],
    [
      'was too late',
      () => new Promise<void>(() => {}),
      { processingTimeoutMs: 20 },
      notify().message(checkIp, arguments_),
      late,
    ],
    ['was missing', () => {}, {}, notify().message('other'), unhandled],
  ])('reports that the handler %s', async (_, handler, options, question, text) => {
    const peer = await ask(handler, options, { timeoutMs: 1_000 });
    await peer.notify(question);
    const failure = await failureOf(() => peer.receive(50));
    expect(failure).toBeInstanceOf(PeerFailure);
    expect(failure.message).toContain(`agent, of NOTIFY 1: ${text}`);
    expect(failure.message.indexOf('agent, of NOTIFY 1')).toBeLessThan(failure.message.indexOf('agent: ACK 1:1'));
  });

  it('has a stack that begins at the call in the test', async () => {
    const peer = await ask(() => new Promise(() => {}), { processingTimeoutMs: 0 }, { timeoutMs: 20 });
    const steps = [
      () => peer.notify(checkIp, arguments_),
      () => peer.burst([notify({ streamId: 3 }).message(checkIp, arguments_)]),
      () => peer.receive(),
      () => peer.closed(),
    ];
    for (const step of steps) {
      const { message, stack = '' } = await failureOf(step);
      const [first = ''] = stack
        .slice(stack.indexOf(message) + message.length)
        .trimStart()
        .split('\n');
      expect(stack).toMatch(/^PeerFailure: expected /);
      expect(first).toMatch(/scripted-haproxy\.test\.ts:\d+/);
    }
  });

  it('has such a stack if it waits for a HELLO, a DISCONNECT or a connection', async () => {
    const silent: StreamHandler = { handle: (stream) => stream.on('error', () => {}) };
    const listening = createServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const at = listening.address();
    listening.close();
    await once(listening, 'close');
    const port = typeof at === 'object' && at !== null ? at.port : 0;
    const options = { timeoutMs: 20 };
    for (const step of [
      async () => (await peerOf(silent, options)).hello(),
      async () => (await peerOf(silent, options)).healthcheck(),
      async () => (await peerOf(silent, options)).disconnect(),
      () => connect({ host: '127.0.0.1', port }),
    ]) {
      const { message, stack = '' } = await failureOf(step);
      const [first = ''] = stack
        .slice(stack.indexOf(message) + message.length)
        .trimStart()
        .split('\n');
      expect(first).toMatch(/scripted-haproxy\.test\.ts:\d+/);
    }
  });
});

describe('reports', () => {
  it('go to their own conversation, of several at once', async () => {
    const wrong = agentOf(throwing);
    const right = agentOf(() => {});
    const slow = agentOf(() => new Promise(() => {}), { processingTimeoutMs: 20 });
    const peers = await Promise.all([wrong, right, slow, wrong].map((agent) => peerOf(agent)));
    const answers = await Promise.all(peers.map((peer) => peer.notify(checkIp, arguments_)));
    const texts = await Promise.all(
      answers.map(async (answer) => (await failureOf(() => expect(answer).toSetVar(score, 1))).message),
    );
    expect(texts.map((text) => [text.includes(threw), text.includes(late)])).toEqual([
      [true, false],
      [false, false],
      [false, true],
      [true, false],
    ]);
  });

  it('reach conversations by TCP', async () => {
    const agent = agentOf(throwing);
    const { port } = await agent.listen({ port: 0 });
    const [one, two] = await Promise.all([1, 2].map(() => peerOf({ host: '127.0.0.1', port })));
    const answers = await Promise.all([one!.notify(checkIp, arguments_), two!.notify(other)]);
    const texts = await Promise.all(
      answers.map(async (answer) => (await failureOf(() => expect(answer).toSetVar(score, 1))).message),
    );
    expect(texts[0]).toContain(threw);
    expect(texts[1]).toContain(unhandled);
  });

  it('are subscribed to only while a conversation is open', async () => {
    const names = ['spop:handlerError', 'spop:handlerTimeout', 'spop:unhandledNotify'];
    const heard = (): boolean[] => names.map((name) => channel(name).hasSubscribers);
    expect(heard()).toEqual([false, false, false]);
    const one = await ask(() => {});
    const two = await ask(() => {});
    one.close();
    expect(heard()).toEqual([true, true, true]);
    two.close();
    expect(heard()).toEqual([false, false, false]);
  });

  it('of other publishers on these channels are ignored', async () => {
    const peer = await ask(() => {});
    const nonsense = [
      undefined,
      null,
      1,
      {},
      { connection: null, streamId: 1, messages: [] },
      { connection: {}, streamId: 0.5, messages: [] },
      { connection: {}, streamId: 1, messages: [1] },
      { connection: {}, streamId: 1, messages: [], declared: 1 },
      { connection: { remote: 1 }, streamId: 1, messages: [] },
    ];
    for (const message of nonsense) channel('spop:handlerError').publish(message);
    channel('spop:handlerTimeout').publish({ connection: { remote: undefined }, streamId: 99, messages: ['x'] });
    expect(await peer.notify(checkIp, arguments_)).toHaveNoActions();
  });
});
