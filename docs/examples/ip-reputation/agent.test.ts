import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, data, type ScriptedHaproxy } from '@spop/builder';
import '@spop/builder/vitest';
import { Program } from '@spop-internal/testbed/program';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkClientIp, ipScore } from './messages.ts';

const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url));

interface Running {
  readonly peer: ScriptedHaproxy;
  readonly output: () => string;
  /** Sends a signal, and waits for the exit code. */
  readonly stop: (signal: NodeJS.Signals) => Promise<string>;
  readonly replaceTable: (table: string) => void;
}

/** The example's agent with this table, as `npm start` runs it, and a HAProxy in front of it. */
async function start(table: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'reputation-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const scores = join(folder, 'scores.txt');
  writeFileSync(scores, table);
  const program = stopAfterTest(
    new Program(process.execPath, ['--conditions=@spop/source', AGENT], {
      env: { SPOE_ADDR: `unix:${join(folder, 'agent.sock')}`, SCORES: scores },
    }),
  );
  await program.says(/listening on/);
  const peer = await connect({ path: join(folder, 'agent.sock') }, { timeoutMs: 10_000 });
  onTestFinished(() => peer.close());
  return {
    peer,
    output: () => program.output,
    stop: (signal) => program.stop({ signal }),
    replaceTable: (text) => writeFileSync(scores, text),
  };
}

describe('the agent of the example', () => {
  it('answers with the score of the client’s address, 0 if it is in no range', async () => {
    const { peer } = await start('192.0.2.0/24 79\n192.0.2.7 100\n2001:db8::/32 80\n');
    const scores = { '192.0.2.1': 79, '192.0.2.7': 100, '192.0.3.1': 0, '2001:db8::1': 80, '::1': 0 };
    for (const [ip, score] of Object.entries(scores)) {
      const ack = await peer.notify(checkClientIp, { ip });
      expect(ack).toSetVar(ipScore, data.int32(score));
      expect(ack.actions).toHaveLength(1);
    }
  });

  it('unsets the score of a client without an address, and after an error', async () => {
    const { peer, output } = await start('192.0.2.7 100\n');
    expect(await peer.notify(checkClientIp, { ip: null })).toUnsetVar(ipScore);
    expect(await peer.notify(checkClientIp)).toUnsetVar(ipScore);
    expect(await peer.notify(checkClientIp.name, { ip: 'no address' })).toUnsetVar(ipScore);
    // Its logger writes this: without one the agent would print only a warning.
    await expect.poll(output).toMatch(/handler .*failed.* \(error event=handlerError/);
  });

  it('logs a message with an unknown name', async () => {
    const { peer, output } = await start('');
    expect(await peer.notify('check-ip', { ip: data.ipv4('192.0.2.7') })).toHaveNoActions();
    await expect.poll(output).toMatch(/no handler for "check-ip"/);
  });

  it('reads a new table while it runs, and keeps the old one if the new one is wrong', async () => {
    const { peer, output, replaceTable } = await start('192.0.2.7 100\n');
    const ask = (): Promise<unknown> => peer.notify(checkClientIp, { ip: '192.0.2.7' });
    replaceTable('192.0.2.7 101\n');
    await expect.poll(output).toMatch(/line 1: "101" is no score.*\n.*last good scores stay in use/);
    expect(await ask()).toSetVar(ipScore, 100);
    replaceTable('192.0.2.7 42\n192.0.2.8 1\n');
    await expect.poll(output).toMatch(/again: 2 addresses and ranges/);
    expect(await ask()).toSetVar(ipScore, 42);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says goodbye to HAProxy on %s, and ends with exit code 0',
    async (signal) => {
      const { peer, output, stop } = await start('192.0.2.7 100\n');
      await peer.notify(checkClientIp, { ip: '192.0.2.7' });
      const goodbye = peer.receive();
      const exit = stop(signal);
      expect(await goodbye).toBeDisconnect(0);
      expect(await exit).toBe('exit code 0');
      expect(output()).toMatch(new RegExp(`stopping on ${signal}\n[^]*^stopped\n`, 'm'));
    },
  );
});
