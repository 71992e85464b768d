import {
  address,
  AddressReader,
  binary,
  CookieReader,
  defineMessage,
  defineVariable,
  HeaderReader,
  string,
} from '@spop/agent';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { createReportingAgent, listenOnPort, startRig } from './haproxy-rig.ts';

const request = defineMessage('request', { headers: string, binary_headers: binary });
const response = defineMessage('response', { headers: string, binary_headers: binary });
const fields = defineMessage('fields', { cookie: string, forwarded: string, x_forwarded_for: string });
const client = defineVariable('txn', 'client', address);
const hop = defineVariable('txn', 'hop', address);
const session = defineVariable('txn', 'session', string);

type Header = readonly [name: string, value: string];

const HEADERS = {
  messages: {
    request: { args: 'headers=req.hdrs binary_headers=req.hdrs_bin', event: 'on-frontend-http-request' },
    response: { args: 'headers=res.hdrs binary_headers=res.hdrs_bin', event: 'on-http-response' },
  },
};
const FIELDS = {
  messages: {
    fields: {
      args: 'cookie=req.fhdr(cookie) forwarded=req.fhdr(forwarded) x_forwarded_for=req.fhdr(x-forwarded-for)',
      event: 'on-frontend-http-request',
    },
  },
  shown: { 'x-client': 'txn.client', 'x-hop': 'txn.hop', 'x-session': 'txn.session' },
};

describeHaproxies('text within arguments', (release) => {
  it('reads the headers of a request and a response, as text and as pairs', async () => {
    const headers = new HeaderReader();
    const walks: Header[][] = [];
    const walk = (argument: Parameters<HeaderReader['read']>[0]): void => {
      const found: Header[] = [];
      for (headers.read(argument); headers.next();) found.push([headers.name.toString(), headers.value.toString()]);
      walks.push(found);
    };
    const { agent } = createReportingAgent();
    agent.onMessage(request, (message) => {
      walk(message.headers);
      walk(message.binary_headers);
    });
    agent.onMessage(response, (message) => {
      walk(message.headers);
      walk(message.binary_headers);
    });
    const { client: http } = await startRig(release, await listenOnPort(agent), HEADERS);
    const long = 'v'.repeat(3_000);
    await http.request({ headers: { 'X-Long': long, 'x-empty': '', 'x-colon': ' a: b ' } });

    const [text, pairs, responseText, responsePairs] = walks;
    expect(pairs).toEqual(text);
    expect(text).toEqual(
      expect.arrayContaining([
        ['x-long', long],
        ['x-empty', ''],
        ['x-colon', 'a: b'],
      ]),
    );
    expect(responsePairs).toEqual(responseText);
    expect(responseText?.length).toBeGreaterThan(0);
  });

  it('reads addresses and a cookie, and writes them as variables', async () => {
    const addresses = new AddressReader();
    const cookies = new CookieReader('session');
    const { agent } = createReportingAgent();
    agent.onMessage(fields, (message, ack) => {
      addresses.readForwarded(message.forwarded);
      if (addresses.next() && addresses.address !== undefined) ack.set(client, addresses.address);
      addresses.readXForwardedFor(message.x_forwarded_for);
      if (addresses.next() && addresses.address !== undefined) ack.set(hop, addresses.address);
      cookies.read(message.cookie);
      if (cookies.value !== undefined) ack.set(session, cookies.value);
    });
    const { client: http } = await startRig(release, await listenOnPort(agent), FIELDS);
    const { headers } = await http.request({
      headers: {
        forwarded: 'for=192.0.2.1;proto=http, For="[2001:DB8::0:17]:4711";by=_gate',
        'x-forwarded-for': '2001:db8::1, ::ffff:192.0.2.7',
        cookie: 'lang=de; session="1f3a"; sessions=2',
      },
    });
    expect([headers['x-client'], headers['x-hop'], headers['x-session']]).toEqual([
      '2001:db8::17',
      '192.0.2.7',
      '1f3a',
    ]);
  });
});
