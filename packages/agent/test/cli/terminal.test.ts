import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ack, agentHello, parseStream } from '@spop/builder';
import { Program } from '@spop-internal/testbed/program';
import { describe, expect, it } from 'vitest';
import { listenAs, spop, startSpop } from './run-spop.ts';

/** A peer that answers each NOTIFY some milliseconds later. */
function slowPeer(delayMs: number, asked: () => void = () => undefined): Promise<string> {
  return listenAs((socket) => {
    socket.on('data', (chunk) => {
      for (const frame of parseStream(chunk).frames) {
        if (frame.type === 'HAPROXY-HELLO') socket.write(agentHello().toBytes());
        if (frame.type === 'NOTIFY') {
          asked();
          setTimeout(() => socket.write(ack(frame).toBytes()), delayMs);
        }
        if (frame.type === 'HAPROXY-DISCONNECT') socket.end();
      }
    });
  });
}

const hasScript = spawnSync('script', ['--version']).status === 0;

describe('spop send --repeat', () => {
  it('reports the answers up to SIGINT', async () => {
    let asked = 0;
    const program = startSpop(['send', await slowPeer(20, () => asked++), 'm', '--repeat', '100000']);
    await expect.poll(() => asked, { timeout: 20_000 }).toBeGreaterThan(5);
    program.signal('SIGINT');
    expect(await program.ended).toBe('exit code 1');
    const [, done = '0'] = /^([\d,]+) NOTIFYs of \d+ bytes in /m.exec(program.output) ?? [];
    expect(Number(done)).toBeGreaterThan(4);
    expect(program.output).toContain('stopped after');
  });

  it('shows no progress if stderr is no terminal', async () => {
    expect((await spop(['send', await slowPeer(100), 'm', '--repeat', '9'])).stderr).not.toContain('ACKs');
  });

  // `script`, of util-linux, runs a program in a terminal.
  it.runIf(hasScript)('shows its progress on a terminal', async () => {
    const program = fileURLToPath(new URL('../../../builder/src/spop.ts', import.meta.url));
    const target = await slowPeer(100);
    const line = `"${process.execPath}" --conditions=@spop/source "${program}" send ${target} m --repeat 9`;
    const terminal = new Program('script', ['-qec', line, '/dev/null']);
    expect(await terminal.ended).toBe('exit code 0');
    // oxlint-disable-next-line eslint/no-control-regex -- the control sequences are looked for
    expect(terminal.output).toMatch(/\r\u001b\[K\d of 9 ACKs\r\u001b\[K/);
  });
});
