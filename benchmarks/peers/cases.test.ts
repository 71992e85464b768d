import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsAgent } from '../load/spop-jobs.ts';
import { runLoad } from '../load/generator.ts';
import { playCase, probe } from './black-box.ts';
import { protocolCases } from './cases.ts';

const agent = jobsAgent();
let port = 0;

beforeAll(async () => {
  const address = await agent.listen({ host: '127.0.0.1', port: 0 });
  if ('port' in address) port = address.port;
});
afterAll(() => agent.close({ graceMs: 500 }));

describe.concurrent('the cases that peers are judged by, on our agent', () => {
  it('announces pipelining, so that no case is left out', async () => {
    const { fault, capabilities } = await probe(port);
    expect(fault).toBeUndefined();
    expect(capabilities).toContain('pipelining');
  });

  it.each(protocolCases)('$name ($source)', async (test) => {
    expect(await playCase(port, test)).toBeUndefined();
  });

  it('has each case once', () => {
    expect(new Set(protocolCases.map((test) => test.name)).size).toBe(protocolCases.length);
  });
});

describe('the load generator in Node, on our agent', () => {
  it.each([
    ['tiny', 0],
    ['realistic', 20],
  ] as const)(
    'sees 20,000 right answers to %s NOTIFYs with window %i',
    async (kind, window) => {
      const load = {
        host: '127.0.0.1',
        port,
        kind,
        connections: 2,
        window,
        seconds: 20,
        warm: 0,
        count: 20_000,
        threads: 2,
      };
      expect(await runLoad(load)).toMatchObject({ sent: 20_000, acked: 20_000, errors: 0, firstError: '' });
    },
    30_000,
  );
});
