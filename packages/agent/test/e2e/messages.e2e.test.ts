import { binary, bool, defineMessage, defineVariable, integer, interned, optional, string } from '@spop/codec';
import { expect, it } from 'vitest';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { createReportingAgent, listenOnPort, startRig } from './haproxy-rig.ts';

const REQUEST = 'on-frontend-http-request';

/** Bytes of every value, so that the test notices a lost, doubled or swapped byte. */
function bodyOf(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff));
}

describeHaproxies('messages', (release) => {
  it('sends several messages in one NOTIFY, also those without arguments, but not those that an ACL excludes', async () => {
    const first = defineMessage('first', { method: interned(string), ssl: bool, missing: optional(string) });
    const bare = defineMessage('bare', {});
    const skipped = defineMessage('skipped', { never: bool });
    const last = defineMessage('last', { path: string, length: integer });
    const seen = defineVariable('txn', 'seen', string);
    const notifies: string[][] = [];
    const handled: string[] = [];
    const { agent } = createReportingAgent();
    for (const message of [first, bare, skipped]) agent.onMessage(message, () => void handled.push(message.name));
    agent.onMessage(last, ({ path, length }, ack, notify) => {
      handled.push('last');
      const one = notify.get(first);
      ack.set(seen, `${one?.method} ${one?.ssl} ${one?.missing?.toString()} ${path.toString()} ${length}`);
    });
    agent.onNotify((notify) => {
      const names: string[] = [];
      const messages = notify.walk();
      while (messages.next()) names.push(messages.name.toString());
      notifies.push(names);
    });
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: {
        first: { args: 'method=method ssl=ssl_fc missing=req.hdr(x-missing)', event: REQUEST },
        bare: { event: REQUEST },
        skipped: { args: 'never=bool(true)', event: `${REQUEST} if { path_beg /never }` },
        last: { args: 'path=path length=req.body_size', event: REQUEST },
      },
      shown: { 'x-seen': 'txn.seen' },
    });
    const answer = await client.request({ path: '/some/path', body: 'four' });
    expect(answer.headers['x-seen']).toBe('POST false undefined /some/path 4');
    expect(handled).toEqual(['first', 'bare', 'last']);
    expect(notifies).toEqual([['first', 'bare', 'last']]);
  });

  it('answers each message by its own handler, in one ACK', async () => {
    const one = defineMessage('one', { n: integer });
    const two = defineMessage('two', { n: integer });
    const [a, b] = [defineVariable('txn', 'a', integer), defineVariable('txn', 'b', integer)];
    const { agent } = createReportingAgent();
    agent.onMessage(one, ({ n }, ack) => void ack.set(a, n + 1));
    agent.onMessage(two, async ({ n }, ack) => {
      await Promise.resolve();
      ack.set(b, n + 1);
    });
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: { one: { args: 'n=int(10)', event: REQUEST }, two: { args: 'n=int(20)', event: REQUEST } },
      shown: { 'x-a': 'txn.a', 'x-b': 'txn.b' },
    });
    expect((await client.request()).headers).toMatchObject({ 'x-a': '11', 'x-b': '21' });
  });

  it('answers groups that rules send, for the request and for the response', async () => {
    const login = defineMessage('login', { user: string });
    const reply = defineMessage('reply', { status: integer });
    const name = defineVariable('txn', 'name', string);
    const doubled = defineVariable('txn', 'doubled', integer);
    const { agent } = createReportingAgent();
    agent.onMessage(login, ({ user }, ack) => void ack.set(name, user));
    agent.onMessage(reply, ({ status }, ack) => void ack.set(doubled, status * 2));
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: { login: { args: 'user=req.hdr(x-user)' }, reply: { args: 'status=status' } },
      groups: { 'at-request': ['login'], 'at-response': ['reply'] },
      frontendLines: [
        'http-request send-spoe-group e2e at-request if { path_beg /login }',
        'http-response send-spoe-group e2e at-response',
      ],
      shown: { 'x-name': 'txn.name', 'x-doubled': 'txn.doubled' },
    });
    const answered = await client.request({ path: '/login', headers: { 'x-user': 'Zoë' } });
    expect(answered.headers).toMatchObject({ 'x-name': 'Zoë', 'x-doubled': '400' });
    const other = await client.request({ path: '/other', headers: { 'x-user': 'Zoë' } });
    expect(other.headers['x-name']).toBeUndefined();
    expect(other.headers['x-doubled']).toBe('400');
    expect(other.headers['x-error']).toBeUndefined();
  });

  const large = ['tune.bufsize 65536'];
  const bodies = [
    { what: '12 KB in one frame', length: 12_000, framesEach: 1 },
    { what: '40 KB in one frame', length: 40_000, framesEach: 1, globalLines: large },
  ];
  // Only HAProxy 3.0 and older cut a NOTIFY into fragments, and only by the max-frame-size of their configuration.
  const agentLines = ['max-frame-size 16380', 'option send-frag-payload'];
  const fragmented = { what: '40 KB in fragments', length: 40_000, framesEach: 3, globalLines: large, agentLines };

  it.each(release.fragments ? [...bodies, fragmented] : bodies)('accepts a request body of $what', async (body) => {
    const { length, framesEach } = body;
    const upload = defineMessage('upload', { length: integer, body: binary, end: string });
    const verdict = defineVariable('txn', 'verdict', string);
    const bytes = bodyOf(length);
    const { agent, reports } = createReportingAgent();
    agent.onMessage(upload, (message, ack) => {
      const same = Buffer.compare(message.body.toBytes(), bytes) === 0;
      ack.set(verdict, `${message.length} ${same} ${message.end.toString()}`);
    });
    const { client } = await startRig(release, await listenOnPort(agent), {
      messages: { upload: { args: 'length=req.body_len body=req.body end=str(end)', event: REQUEST } },
      ...body,
      frontendLines: ['option http-buffer-request'],
      shown: { 'x-verdict': 'txn.verdict' },
    });
    for (let round = 0; round < 3; round++) {
      const { headers } = await client.request({ body: bytes });
      expect(headers['x-error']).toBeUndefined();
      expect(headers['x-verdict']).toBe(`${length} true end`);
    }
    await agent.close({ graceMs: 1000 });
    // Each connection also has a HAPROXY-HELLO and perhaps a HAPROXY-DISCONNECT.
    expect(reports.frames).toBeGreaterThanOrEqual(3 * framesEach + reports.connections);
    expect(reports.frames).toBeLessThanOrEqual(3 * framesEach + 2 * reports.connections);
  });
});
