import { agentDisconnect, agentHello } from '@spop/builder';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAgent } from '../../src/index.ts';
import { jsonLines, listenAs, spop } from './run-spop.ts';

describe('spop hello', () => {
  it('shows the AGENT-HELLO, and ends with a DISCONNECT', async () => {
    const agent = createAgent({ maxFrameSize: 4096 });
    onTestFinished(() => agent.close({ graceMs: 0 }));
    const address = await agent.listen({ port: 0 });
    const target = 'port' in address ? `127.0.0.1:${address.port}` : '';
    expect(await spop(['hello', target, '--haproxy', '2.6'])).toEqual({
      code: 0,
      stdout: `version         2.0
max-frame-size  4096 bytes; HAProxy offered 16380
capabilities    pipelining, fragmentation
`,
      stderr: '',
    });
    expect(jsonLines(await spop(['hello', target, '--json']))).toMatchObject([
      { target, version: '2.0', maxFrameSize: 4096, violations: [] },
    ]);
  });

  it('reports the faults that HAProxy does not report', async () => {
    const target = await listenAs((socket) => {
      socket.once('data', () => {
        socket.write(agentHello({ capabilities: 'async' }).toBytes());
        socket.once('data', () => socket.end());
      });
    });
    const { code, stderr } = await spop(['hello', target]);
    expect(code).toBe(0);
    expect(stderr).toContain('the agent closed the connection without an AGENT-DISCONNECT');
    expect(stderr).toContain('warning async-announced');
  });

  it('exits with 1 if HAProxy would refuse the AGENT-HELLO', async () => {
    const target = await listenAs((socket) => {
      socket.once('data', () => {
        socket.write(agentHello({ version: '1.0' }).toBytes());
        socket.once('data', () => socket.end(agentDisconnect().toBytes()));
      });
    });
    const { code, stderr } = await spop(['hello', target]);
    expect(code).toBe(1);
    expect(stderr).toContain('error version-unsupported');
  });

  it('does not wait for long if the agent does not close', async () => {
    const target = await listenAs((socket) => socket.once('data', () => socket.write(agentHello().toBytes())));
    const { code, stderr } = await spop(['hello', target]);
    expect(code).toBe(0);
    expect(stderr).toContain('did not close the connection within 1000 ms after a HAPROXY-DISCONNECT');
  });
});
