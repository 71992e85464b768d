import { readFileSync } from 'node:fs';
import { address, defineMessage, defineVariable, integer, optional, string } from '@spop/codec';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { createReportingAgent, listenOnPort, startRig } from '../e2e/haproxy-rig.ts';
import { jsonLines, spop, startSpop } from './run-spop.ts';

const ECHO: Configuration = {
  messages: {
    echo: { args: 'ip=src n=url_param(n),add(0) cookie=req.hdr(cookie)', event: 'on-frontend-http-request' },
  },
  shown: { 'x-ip': 'txn.ip', 'x-n': 'txn.n' },
};
const echo = defineMessage('echo', { ip: address, n: integer, cookie: optional(string) });
const ip = defineVariable('txn', 'ip', string);
const n = defineVariable('txn', 'n', integer);

describeHaproxies('spop record', (release) => {
  it('passes traffic between HAProxy and an agent, and its file is replayed with the same ACKs', async () => {
    const { agent } = createReportingAgent();
    agent.onMessage(echo, (message, ack) => {
      ack.set(ip, message.ip.toString()).set(n, message.n);
    });
    const target = await listenOnPort(agent);
    const file = stopAfterTest(await TemporaryFolder.make()).file('session.txt');
    const recorder = startSpop(['record', target, '--listen', '127.0.0.1:0', '--redact', '--output', file]);
    const at = await recorder.says(/recording the traffic from (\S+)/);
    const { client } = await startRig(release, at, ECHO);
    const requests = Array.from({ length: 40 }, async (_, number) => {
      const { headers } = await client.request({ path: `/?n=${number}`, headers: { cookie: 'id=secret' } });
      return [headers['x-n'], headers['x-ip'], headers['x-error']];
    });
    expect(await Promise.all(requests)).toEqual(
      Array.from({ length: 40 }, (_, number) => [String(number), '192.0.2.1', undefined]),
    );
    await recorder.stop({ signal: 'SIGINT' });

    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(Buffer.from('secret').toString('hex'));
    expect(text).toMatch(
      /^# NOTIFY \d+:1 "echo" \{ ip: IPV4 198\.18\.0\.1, n: INT64 7, cookie: STRING "xxxxxxxxx" \}$/m,
    );
    const replayed = await spop(['replay', file, target, '--fast', '--json']);
    expect(jsonLines(replayed).at(-1)).toMatchObject({ same: 40, different: 0, missing: 0, added: 0 });
    expect((await spop(['decode', file])).code).toBe(0);
  });
});
