import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Agent } from '@spop/agent';
import { connect, data, notify, type NotifyBuilder, variables } from '@spop/builder';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';

const folder = new URL('readme/', import.meta.url);
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const programs = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
const files = readdirSync(folder);

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Runs a program without letting its agent listen. @returns the agent, and the targets that listen() got. */
async function run(name: string): Promise<{ agent: Agent | undefined; targets: unknown[] }> {
  let agent: Agent | undefined;
  const targets: unknown[] = [];
  // Each program is loaded anew, with the package that it imports.
  vi.resetModules();
  const { createAgent } = await import('@spop/agent');
  vi.spyOn(Object.getPrototypeOf(createAgent()) as Agent, 'listen').mockImplementation(function (
    this: Agent,
    target: unknown,
  ) {
    // The program does not export its agent; `this` is the only way to it.
    // oxlint-disable-next-line typescript/no-this-alias
    agent = this;
    targets.push(target);
    return Promise.resolve({ host: '127.0.0.1', port: 9000 });
  });
  await import(new URL(name, folder).href);
  const started = agent;
  if (started !== undefined) onTestFinished(() => started.close({ graceMs: 0 }));
  return { agent, targets };
}

/** The actions of the program's agent for a NOTIFY. */
async function ask(name: string, question: NotifyBuilder): Promise<unknown> {
  const { agent } = await run(name);
  if (agent === undefined) throw new Error(`${name} starts no agent`);
  const haproxy = await connect(agent, { timeoutMs: 10_000 });
  onTestFinished(() => haproxy.close());
  await haproxy.hello();
  haproxy.send(question);
  const answer = await haproxy.receive();
  if (answer.type !== 'ACK') throw new Error(`expected an ACK, found ${answer.type}`);
  return variables(answer);
}

const from = (address: string): NotifyBuilder =>
  notify({ streamId: 1, frameId: 1 }).message('check-client-ip', { ip: data.ipv4(address) });
const session = (cookie: string | null): NotifyBuilder =>
  notify({ streamId: 1, frameId: 1 }).message('check-session', {
    cookie: cookie === null ? null : data.string(cookie),
  });

describe('README', () => {
  it('shows exactly the programs that are tested here', () => {
    expect(programs.toSorted()).toEqual(files.map((name) => readFileSync(new URL(name, folder), 'utf8')).toSorted());
  });

  it('shows the agent and the configuration that the top README shows', () => {
    const blocks = (text: string): string[] =>
      [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].filter(([, word]) => word !== 'sh').map(([, , code = '']) => code);
    const top = blocks(readFileSync(new URL('../../../README.md', import.meta.url), 'utf8'));
    expect(top).toHaveLength(3);
    expect(blocks(readme)).toEqual(expect.arrayContaining(top));
  });

  it('has an agent in ten lines that scores addresses', async () => {
    expect(await ask('ten-lines.ts', from('192.0.2.1'))).toEqual({ 'sess.ip_score': 100 });
    expect(await ask('ten-lines.ts', from('192.0.2.2'))).toEqual({ 'sess.ip_score': 0 });
  });

  it('has an asynchronous handler that awaits a look-up', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('alice')));
    expect(await ask('asynchronous.ts', session('c1'))).toEqual({ 'txn.user': 'alice', 'txn.verdict': 'known' });
    expect(await ask('asynchronous.ts', session(null))).toEqual({ 'txn.verdict': 'anonymous' });
  });

  it('has an asynchronous handler whose look-up is aborted at its deadline, and a fallback', async () => {
    const aborted = vi.fn<() => void>();
    vi.stubGlobal(
      'fetch',
      (_: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            aborted();
            reject(new Error('aborted'));
          }),
        ),
    );
    expect(await ask('asynchronous.ts', session('c1'))).toEqual({ 'txn.verdict': 'unknown' });
    expect(aborted).toHaveBeenCalledOnce();
  });

  it('has a message whose argument is text or an address', async () => {
    const client = (value: Parameters<NotifyBuilder['message']>[1]): NotifyBuilder =>
      notify({ streamId: 1, frameId: 1 }).message('check-client', value);
    expect(await ask('one-of.ts', client({ client: data.ipv4('192.0.2.7') }))).toEqual({ 'txn.client': '192.0.2.7' });
    const list = data.string('198.51.100.1, 192.0.2.8:4711');
    expect(await ask('one-of.ts', client({ client: list }))).toEqual({ 'txn.client': '192.0.2.8' });
    expect(await ask('one-of.ts', client({ client: data.string('unknown') }))).toEqual({});
  });

  it('has a message with its own fallback', async () => {
    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    const question = notify({ streamId: 1, frameId: 1 }).message('inspect-body', {
      path: data.string('/upload'),
      body: data.binary(Buffer.from('x')),
    });
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('fine')));
    expect(await ask('own-fallback.ts', question)).toEqual({ 'txn.verdict': 'pass' });
    vi.stubGlobal('fetch', () => Promise.reject(new Error('down')));
    expect(await ask('own-fallback.ts', question)).toEqual({ 'txn.verdict': 'unknown' });
    expect(warned.mock.calls).toEqual([['stream 1: threw for /upload']]);
  });

  it('has a handler that answers known clients at once', async () => {
    const look = vi.fn<() => Promise<Response>>(() => Promise.resolve(new Response('alice')));
    vi.stubGlobal('fetch', look);
    const { agent } = await run('at-once.ts');
    const haproxy = await connect(agent!, { timeoutMs: 10_000 });
    onTestFinished(() => haproxy.close());
    for (const cookie of ['c1', 'c1', 'c2', 'c1']) {
      expect(variables(await haproxy.notify('check-session', { cookie }))).toEqual({ 'txn.user': 'alice' });
    }
    expect(look).toHaveBeenCalledTimes(2);
  });

  it('has a handler of whole NOTIFYs that sees all messages together', async () => {
    const question = notify({ streamId: 1, frameId: 1 })
      .message('client', { src: data.ipv4('192.0.2.1') })
      .message('account', { name: data.string('root') })
      .message('undeclared', {});
    expect(await ask('whole-notify.ts', question)).toEqual({
      'txn.blocked': true,
      'txn.seen': 'client account undeclared',
    });
  });

  it('has a handler that reads text in an argument', async () => {
    const headers = [
      'host: shop.example.com',
      'x-forwarded-for: 192.0.2.66, [2001:DB8::7]:4711',
      'cookie: lang=de; session=1f3a',
    ];
    const question = (lines: readonly string[]): NotifyBuilder =>
      notify({ streamId: 1, frameId: 1 }).message('request', { headers: data.string(`${lines.join('\r\n')}\r\n\r\n`) });
    expect(await ask('text-in-arguments.ts', question(headers))).toEqual({
      'txn.client': '2001:db8::7',
      'txn.session': '1f3a',
    });
    const refused = ['x-forwarded-for: 192.0.2.66, unknown', 'cookie: session=1; session=2'];
    expect(await ask('text-in-arguments.ts', question(refused))).toEqual({});
  });

  it('listens in every way', async () => {
    const { targets } = await run('listening.ts');
    expect(targets).toEqual([
      '127.0.0.1:9000',
      ':9000',
      { host: '127.0.0.1', port: 9000 },
      { host: '::1', port: 9000 },
      { path: '/run/spop.sock', mode: 0o660 },
      { fd: 3 },
    ]);
  });

  it('closes on signals', async () => {
    const before = process.listeners('SIGTERM');
    onTestFinished(() => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        for (const listener of process.listeners(signal)) {
          if (!before.includes(listener)) process.off(signal, listener);
        }
      }
    });
    await run('closing.ts');
    expect(process.listenerCount('SIGTERM')).toBe(before.length + 1);
  });

  it('is observed', async () => {
    const print = vi.spyOn(console, 'log').mockReturnValue();
    await run('observing.ts');
    expect(print).toHaveBeenCalledWith('0 NOTIFYs, 99 of 100 within 0 ms');
    const { scraped } = await import('./readme/observing.ts');
    onTestFinished(() => void scraped.close());
    await once(scraped.listen(0, '127.0.0.1'), 'listening');
    const { port } = scraped.address() as AddressInfo;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('spop_agent_notifies_total 0\n');
  });
});
