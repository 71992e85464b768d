import { rename, writeFile } from 'node:fs/promises';
import { data, type ScriptedHaproxy } from '@spop/builder';
import '@spop/builder/vitest';
import { type Environment, startAgent, startScript } from '@spop-internal/testbed/example';
import { Origin } from '@spop-internal/testbed/origin';
import { freePort } from '@spop-internal/testbed/ports';
import type { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { connectTo } from '../shared/testing.ts';
import { blocked, byDefault, checkClientIp } from './messages.ts';

const AGENT = new URL('agent.ts', import.meta.url);
const SLOW = { timeout: 60_000 };

interface Running {
  readonly agent: Program;
  readonly peer: ScriptedHaproxy;
  readonly folder: TemporaryFolder;
  readonly replace: (text: string) => Promise<void>;
  /** Its own metrics, by name. */
  readonly metrics: () => Promise<Record<string, number>>;
}

/** The example's agent with a file of this text, and with further sources; and a HAProxy in front of it. */
async function start(text: string, more: readonly string[] = [], env: Environment = {}): Promise<Running> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  const replace = async (next: string): Promise<void> => {
    await writeFile(folder.file('next'), next);
    await rename(folder.file('next'), folder.file('list'));
  };
  await replace(text);
  const BLOCKLIST = [folder.file('list'), ...more].join(',');
  const { agent, spoeAddress } = await startAgent(AGENT, { BLOCKLIST, METRICS_ADDR: '127.0.0.1:0', ...env });
  const metricsAddress = await agent.says(/^metrics on\s+(\S+)$/m);
  const metrics = async (): Promise<Record<string, number>> => {
    const scraped = await (await fetch(`http://${metricsAddress}/metrics`)).text();
    const lines = [...scraped.matchAll(/^blocklist_(\S+?)(?:\{\w+="(.*)"\})? (\S+)$/gm)];
    return Object.fromEntries(lines.map(([, name, label = '', value]) => [`${name} ${label}`.trim(), Number(value)]));
  };
  return { agent, folder, replace, metrics, peer: await connectTo(spoeAddress) };
}

function ask(peer: ScriptedHaproxy, ip: string): ReturnType<ScriptedHaproxy['notify']> {
  return peer.notify('check-client-ip', { ip: data.address(ip) });
}

describe('the agent of the example', SLOW, () => {
  it('sets true or false for every address, and unsets it without one', async () => {
    const { peer, agent } = await start('192.0.2.0/24\n::ffff:198.51.100.7\n2001:db8::/32\n');
    for (const ip of ['192.0.2.0', '192.0.2.255', '::ffff:192.0.2.1', '198.51.100.7', '2001:db8::1']) {
      expect((await ask(peer, ip)).actions).toEqual([
        { type: 'set-var', scope: 'sess', name: 'blocked', value: { type: 'bool', value: true } },
      ]);
    }
    for (const ip of ['192.0.3.0', '::1', '0.0.0.0', 'ffff::1']) {
      const ack = await ask(peer, ip);
      expect(ack).toSetVar(blocked, false);
      expect(ack.actions).toHaveLength(1);
    }
    for (const args of [{ ip: data.nil }, {}]) {
      const ack = await peer.notify('check-client-ip', args);
      expect(ack).toUnsetVar(blocked);
      expect(ack.actions).toHaveLength(1);
    }
    expect(agent.output).toMatch(/^process .*\nlistening on .*$/m);
  });

  it('announces pipelining, and acknowledges other messages', async () => {
    const { peer } = await start('192.0.2.7');
    expect((await peer.hello()).capabilities).toContain('pipelining');
    expect(await peer.notify('check-ip', { ip: data.ipv4('192.0.2.7') })).toHaveNoActions();
  });

  it('finds arguments by their names, in any order, and unsets its answer if one is not an address', async () => {
    const { peer, agent, metrics } = await start('192.0.2.7');
    const args = [
      ['port', 1],
      ['ip', data.ipv4('192.0.2.7')],
      ['ua', 'x'],
    ] as const;
    expect(await peer.notify('check-client-ip', args)).toSetVar(blocked, true);
    const ack = await peer.notify('check-client-ip', { ip: '192.0.2.7' });
    expect(ack).toUnsetVar(blocked);
    expect(ack).toSetVar(byDefault, 'handler failed');
    await agent.says(/decided by default: handler failed, 1 times so far/);
    expect(await metrics()).toMatchObject({ 'answers_total handler failed': 1, 'answers_total blocked': 1 });
  });

  it('puts a replaced file in force within 3 s of SIGHUP, and not before', async () => {
    const { peer, agent, replace, metrics } = await start('192.0.2.7\nbad\u001b[31m\n');
    await agent.says(/list: skipped 1 bad lines: line 2 "bad\\u001b\[31m"/);
    await replace('192.0.2.8\n2001:db8::/32\n');
    expect(await ask(peer, '192.0.2.7')).toSetVar(blocked, true);
    agent.signal('SIGHUP');
    await agent.until(async () => ((await metrics())['swaps_total'] === 2 ? true : undefined), 3_000);
    expect(await ask(peer, '192.0.2.7')).toSetVar(blocked, false);
    expect(await ask(peer, '2001:db8::1')).toSetVar(blocked, true);
  });

  it('always has a list while the lists change', async () => {
    // An address in both lists, beside many that are in one only.
    const others = (net: number): string =>
      Array.from({ length: 20_000 }, (_, i) => `${net}.0.${i >> 8}.${i & 255}`).join('\n');
    const { peer, agent, replace } = await start(`192.0.2.7\n${others(10)}`);
    let isOver = false;
    const changing = (async (): Promise<void> => {
      for (let net = 11; net < 16; net++) {
        await replace(`192.0.2.7\n${others(net)}`);
        agent.signal('SIGHUP');
        await agent.until(async () => {
          const { actions } = await ask(peer, `${net}.0.0.1`);
          return JSON.stringify(actions).includes('true') || undefined;
        });
      }
      isOver = true;
    })();
    let asked = 0;
    while (!isOver) {
      expect(await ask(peer, '192.0.2.7')).toSetVar(blocked, true);
      expect(await ask(peer, '192.0.2.9')).toSetVar(blocked, false);
      asked++;
    }
    await changing;
    expect(asked).toBeGreaterThan(5);
  });

  it('keeps the last good list of each source, and replaces the others', async () => {
    let list = '203.0.113.0/24';
    const site = stopAfterTest(await Origin.serve((_, response) => void response.end(list)));
    const { peer, agent, replace, metrics } = await start('192.0.2.7', [`http://${site.address}/list`]);
    list = '<html>';
    await replace('192.0.2.8');
    agent.signal('SIGHUP');
    await agent.says(
      /list has failed: expected an address or a range; found none, and 1 bad lines: line 1 "<html>"; its list of 1 entries/,
    );
    await expect.poll(() => ask(peer, '192.0.2.8')).toSetVar(blocked, true);
    expect(await ask(peer, '203.0.113.9')).toSetVar(blocked, true);
    expect((await ask(peer, '192.0.2.7')).actions).toHaveLength(1);
    const own = await metrics();
    expect(own[`source_failures_total http://${site.address}/list`]).toBe(1);
    expect(own[`age_seconds http://${site.address}/list`]).toBeGreaterThan(0);
  });

  it('starts without a URL that does not answer, names it, decides by default, and reads it later', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/list`;
    const { peer, agent, metrics } = await start('192.0.2.7', [url]);
    expect(agent.output).toContain(`${url} has failed: fetch failed: connect ECONNREFUSED`);
    expect((await ask(peer, '192.0.2.7')).actions).toHaveLength(1);
    const ack = await ask(peer, '203.0.113.9');
    expect(ack).toSetVar(blocked, false);
    expect(ack).toSetVar(byDefault, 'list missing');
    await agent.says(/decided by default: list missing, 1 times so far/);
    expect(await metrics()).toMatchObject({ 'answers_total list missing': 1, [`age_seconds ${url}`]: -1 });
    stopAfterTest(await Origin.serve((_, response) => void response.end('203.0.113.9'), port));
    await expect.poll(() => ask(peer, '203.0.113.9')).toSetVar(blocked, true);
    expect((await ask(peer, '203.0.113.8')).actions).toHaveLength(1);
  });

  it('listens when a list is in force, and ends on a signal before', async () => {
    const port = await freePort();
    const BLOCKLIST = `http://127.0.0.1:${port}/list`;
    const agent = startScript(AGENT, [], { SPOE_ADDR: '127.0.0.1:0', BLOCKLIST });
    await agent.says(/has failed/);
    expect(agent.output).not.toContain('listening');
    stopAfterTest(await Origin.serve((_, response) => void response.end('203.0.113.9'), port));
    await agent.says(/^listening on/m);
    const other = startScript(AGENT, [], { SPOE_ADDR: '127.0.0.1:0', BLOCKLIST: 'http://127.0.0.1:1/' });
    await other.says(/has failed/);
    expect(await other.stop()).toBe('exit code 0');
  });

  it('does not wait for ever for the end of a list', async () => {
    const site = stopAfterTest(await Origin.serve((_, response) => void response.write('203.0.113.9\n')));
    const startedAt = performance.now();
    const { peer } = await start('192.0.2.7', [`http://${site.address}/list`]);
    expect(performance.now() - startedAt).toBeGreaterThan(4_900);
    expect(await ask(peer, '192.0.2.7')).toSetVar(blocked, true);
    expect(await ask(peer, '203.0.113.9')).toSetVar(byDefault, 'list missing');
  });

  it('reads changed lists by itself', async () => {
    const { peer, replace } = await start('192.0.2.7', [], { BLOCKLIST_REFRESH_S: '1' });
    await replace('192.0.2.8');
    await expect.poll(() => ask(peer, '192.0.2.8')).toSetVar(blocked, true);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says goodbye to HAProxy on %s, and ends with exit code 0',
    async (signal) => {
      const { peer, agent } = await start('192.0.2.7');
      await peer.notify(checkClientIp, { ip: '192.0.2.7' });
      const goodbye = peer.receive();
      const exit = agent.stop({ signal });
      expect(await goodbye).toBeDisconnect(0);
      expect(await exit).toBe('exit code 0');
    },
  );
});

describe('the settings of the example', SLOW, () => {
  it('are checked by --check, which ends', async () => {
    const agent = startScript(AGENT, ['--check'], { BLOCKLIST: 'blocklist.txt,redis://:secret@127.0.0.1:1/banned' });
    expect(await agent.ended).toBe('exit code 0');
    expect(agent.output).toMatch(/^BLOCKLIST +blocklist\.txt,redis:\/\/:…@127\.0\.0\.1:1\/banned$/m);
    expect(agent.output).toMatch(/^BLOCKLIST_REFRESH_S +60$/m);
    expect(agent.output).not.toContain('listening');
  });

  it.each([
    [{}, 'BLOCKLIST: expected a value; found none'],
    [{ BLOCKLIST: '/nonexistent' }, 'BLOCKLIST: expected a file that can be read: ENOENT: no such file or directory'],
    [
      { BLOCKLIST: 'blocklist.txt', BLOCKLIST_REFRESH_S: '0' },
      'BLOCKLIST_REFRESH_S: expected a whole number from 1 to 86400; found "0"',
    ],
    [{ BLOCKLIST: 'blocklist.txt', SPOE_ADDR: '9000' }, 'SPOE_ADDR: expected an address with a port from 0 to 65535'],
    [{ BLOCKLIST: 'blocklist.txt', METRICS_ADDR: 'x' }, 'METRICS_ADDR: expected an address with a port'],
  ])('end the start and the check if they are %o, with the reason', async (env, reason) => {
    for (const args of [[], ['--check']]) {
      const agent = startScript(AGENT, args, { SPOE_ADDR: '127.0.0.1:0', ...env });
      expect(await agent.ended).toBe('exit code 1');
      expect(agent.output).toContain(reason);
    }
  });
});
