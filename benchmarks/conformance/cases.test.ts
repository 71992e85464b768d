import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsAgent } from '../load/spop-jobs.ts';
import type { PlayOptions } from '../../packages/builder/src/conformance/play.ts';
import { judgeCase, probe } from '../../packages/builder/src/conformance/run.ts';
import { playOn, protocolCases, scoreContract } from './cases.ts';

/** Enough for a right agent on a machine that does much else. */
const PATIENCE_MS = 15_000;

const agent = jobsAgent();
let port = 0;
const play = (): PlayOptions => playOn(port, scoreContract, PATIENCE_MS);

beforeAll(async () => {
  const address = await agent.listen({ host: '127.0.0.1', port: 0 });
  if ('port' in address) port = address.port;
});
afterAll(() => agent.close({ graceMs: 500 }));

describe.concurrent('the cases that peers are judged by, on our agent', () => {
  it('announces all that cases need, so that none is left out', async () => {
    const { fault, capabilities, maxFrameSize } = await probe(play());
    expect(fault).toBeUndefined();
    expect(capabilities).toContain('pipelining');
    expect(maxFrameSize).toBe(16_380);
  });

  it.each(protocolCases)('$id: $title ($source)', async (test) => {
    expect(await judgeCase(test, await probe(play()), play())).toMatchObject({ result: 'pass' });
  });
});
