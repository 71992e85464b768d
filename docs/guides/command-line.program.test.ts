import { readFileSync, writeFileSync } from 'node:fs';
import { createAgent } from '@spop/agent';
import { ack, agentHello, haproxyHello, notify } from '@spop/builder';
import { address, defineMessage, defineVariable, int32 as int32Type } from '@spop/codec';
import { pcapOf, tcpPackets } from '@spop-internal/testbed/packets';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { spop, startSpop } from '../../packages/agent/test/cli/run-spop.ts';
import { rules } from '../../packages/builder/src/cli/lint/lint.ts';
import { int32, ipv4 } from '../../packages/builder/src/data/values.ts';

const guide = readFileSync(new URL('command-line.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/^```console\n\$ (.*)\n([^]*?)^```$/gm)].map(([, line = '', output = '']) => ({
  line,
  output,
}));

/** Configurations that the guide shows, by the names in their first lines. */
const configurations = [...guide.matchAll(/^```\n(# (\S+)\n[^]*?)^```$/gm)].map(([, text = '', name = '']) => ({
  name,
  text,
}));

const DEFINITIONS = `export const checkClientIp = { name: 'check-client-ip', args: { ip: { kind: 'address', optional: false } } };
export const ipScore = { scope: 'sess', name: 'ip_score', kind: 'int32' };
`;

/** The text without what differs from run to run: times, and the port of the agent. */
function timeless(text: string, target: string): string {
  return text
    .replaceAll(target, '127.0.0.1:9000')
    .replaceAll(/[\d.]+ ms\b/g, 'N ms')
    .replaceAll(/in [\d.]+ s\b/g, 'in N s')
    .replaceAll(/[\d,]+ a second/g, 'N a second')
    .replaceAll(/^(milliseconds: ).*$/gm, (line) => line.replaceAll(/ [\d.]+(,|$)/g, ' N$1'));
}

describe('docs/guides/command-line.md', () => {
  let folder: TemporaryFolder;
  let target = '';
  const agent = createAgent();
  const ipScore = defineVariable('sess', 'ip_score', int32Type);
  agent.onMessage(defineMessage('check-client-ip', { ip: address }), ({ ip }, ack) => {
    ack.set(ipScore, ip.equals('192.0.2.1') ? 100 : 0);
  });

  beforeAll(async () => {
    folder = await TemporaryFolder.make();
    const listening = await agent.listen({ port: 0 });
    target = 'port' in listening ? `127.0.0.1:${listening.port}` : '';
    writeFileSync(folder.file('definitions.mjs'), DEFINITIONS);
    for (const { name, text } of configurations.filter((each) => each.name.includes('.'))) {
      writeFileSync(folder.file(name), text);
    }
    const packets = tcpPackets([
      { from: 'client', bytes: haproxyHello().toBytes() },
      { from: 'server', bytes: agentHello().toBytes() },
      {
        from: 'client',
        bytes: notify()
          .message('check-client-ip', { ip: ipv4('192.0.2.1') })
          .toBytes(),
      },
      { from: 'server', bytes: ack().setVar('sess', 'ip_score', int32(100)).toBytes() },
    ]);
    writeFileSync(folder.file('traffic.pcap'), pcapOf(packets));
  });
  afterAll(async () => {
    await agent.close({ graceMs: 0 });
    await folder.stop();
  });

  it.each(examples)(
    'shows what is written by: $line',
    async ({ line, output }) => {
      if (line.startsWith('spop replay')) {
        const recorder = startSpop([
          'record',
          target,
          '--listen',
          '127.0.0.1:0',
          '--output',
          folder.file('session.txt'),
        ]);
        const at = await recorder.says(/recording the traffic from (\S+)/);
        await spop(['send', at, 'check-client-ip', 'ip=192.0.2.1']);
        await recorder.stop({ signal: 'SIGINT' });
      }
      const [, input = '', words = ''] = /^(?:echo (.*) \| )?spop (.*)$/.exec(line) ?? [];
      const all = words.replaceAll('127.0.0.1:9000', target).split(' ');
      const { stdout, stderr } = await spop(all, { input, cwd: folder.path });
      expect(stderr).toBe('');
      expect(timeless(stdout, target)).toBe(timeless(output, target));
    },
    120_000,
  );

  it('has every rule of spop lint, and no other', () => {
    const [table = ''] = /^\| what +\| rules[^]*?^$/m.exec(guide) ?? [];
    const named = [...table.matchAll(/`([a-z-]+)`/g)].map(([, id = '']) => id);
    expect(named.toSorted()).toEqual(rules.map(({ id }) => id).toSorted());
  });

  it('has an example of every command that ends by itself', async () => {
    const { stdout } = await spop(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}\S/gm)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(7);
    for (const name of commands) expect(guide).toContain(`spop ${name}`);
  });
});
