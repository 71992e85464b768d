import { writeFile } from 'node:fs/promises';
import { startAgent, startScript } from '@spop-internal/testbed/example';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { data } from '@spop/builder';
import '@spop/builder/vitest';
import { describe, expect, it } from 'vitest';
import { connectTo } from '../shared/testing.ts';
import { byDefault, describeClient, network, region } from './messages.ts';
import { parseNetworks } from './networks.ts';

const AGENT = new URL('agent.ts', import.meta.url);

describe('the agent of the example', () => {
  it('knows clients by their networks, reads another file on SIGHUP, and keeps the last good one', async () => {
    const NETWORKS = stopAfterTest(await TemporaryFolder.make()).file('networks');
    await writeFile(NETWORKS, '192.0.2.0/24 office eu\n');
    const { agent, spoeAddress } = await startAgent(AGENT, { NETWORKS });
    const peer = await connectTo(spoeAddress);
    const ask = (ip: string): ReturnType<typeof peer.notify> => peer.notify(describeClient, { ip });
    const known = await ask('192.0.2.1');
    expect(known).toSetVar(network, 'office');
    expect(known).toSetVar(region, 'eu');
    for (const ack of [await ask('198.51.100.1'), await peer.notify('describe-client', { ip: data.nil })]) {
      expect(ack).toUnsetVar(network);
      expect(ack).toUnsetVar(region);
    }
    const failed = await peer.notify('describe-client', { ip: 'text' });
    expect(failed).toUnsetVar(network);
    expect(failed).toSetVar(byDefault, 'handler failed');
    await agent.says(/decided by default: handler failed, 1 times so far/);
    await writeFile(NETWORKS, '192.0.2.0/33 office eu\n');
    agent.signal('SIGHUP');
    await agent.says(/networks: line 1: .*expected an IPv4 network .*; the last good content stays in use/);
    expect(await ask('192.0.2.1')).toSetVar(network, 'office');
    await writeFile(NETWORKS, '192.0.2.0/24 lab us\n');
    agent.signal('SIGHUP');
    await agent.says(/read .*networks again on SIGHUP/);
    expect(await ask('192.0.2.1')).toSetVar(region, 'us');
    expect(await peer.notify('other', {})).toHaveNoActions();
    expect(await agent.stop({ signal: 'SIGINT' })).toBe('exit code 0');
  });

  it('checks its settings with --check, and ends', async () => {
    expect(await startScript(AGENT, ['--check']).ended).toBe('exit code 0');
    const agent = startScript(AGENT, ['--check'], { NETWORKS: '/nonexistent' });
    expect(await agent.ended).toBe('exit code 1');
    expect(agent.output).toContain('NETWORKS: /nonexistent: ENOENT: no such file or directory');
  });
});

describe('parseNetworks', () => {
  it('puts the most specific network first', () => {
    const names = parseNetworks('10.0.0.0/8 a eu\n10.1.0.0/16 b eu # lab\n\n10.1.2.3 c eu').map(({ name }) => name);
    expect(names).toEqual(['c', 'b', 'a']);
  });

  it.each(['10.0.0.0/8', '10.0.0.0/8 a', '10.0.0.0/8 a b c', '10.1.0.0/8 a b', 'x a b', '10.0.0.0/8 a:b c'])(
    'refuses %j',
    (line) => {
      expect(() => parseNetworks(`# first\n${line}`)).toThrow(/^line 2: (SPOP_INVALID_VALUE: )?expected /);
    },
  );
});
