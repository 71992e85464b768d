import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { echo } from '../../src/conformance/contract.ts';
import { runCases, type Verdict } from '../../src/conformance/run.ts';
import { conformanceCases } from '../../src/conformance/suite.ts';
import { failing } from './failing.ts';
import { wrongAgent } from './wrong-agent.ts';
import type { Fault } from './wrong-answers.ts';

const contract = echo('echo', 'value');
const cases = conformanceCases(contract);

/** A case that most wrong agents pass, and the agents that do not. */
const CONTROL = /^3\.2\.6\/known-message$/;
const hopeless: readonly Fault[] = [
  'no-answer-to-any-message',
  'acks-every-frame',
  'one-answer-for-ids',
  'no-type-int64',
];

/** Faults for which concurrent cases would change the verdict. */
const alone: readonly Fault[] = ['ten-connections', 'one-answer-for-ids', 'drops-split-frames'];

/** The verdicts on an agent with one fault. An agent without a fault gets a longer timeout. */
async function verdictsOn(fault: Fault, pattern: RegExp = /^/): Promise<Verdict[]> {
  const agent = await wrongAgent(fault);
  onTestFinished(() => agent.stop());
  const chosen = cases.filter(({ id }) => pattern.test(id.replace('spop/', '')));
  return runCases(chosen, {
    contract,
    patienceMs: fault === 'none' ? 10_000 : 400,
    concurrency: alone.includes(fault) ? 1 : 16,
    open: async () => {
      const socket = connect({ port: agent.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      await once(socket, 'connect');
      return socket;
    },
  });
}

function idsOf(verdicts: readonly Verdict[], result: Verdict['result']): string[] {
  return verdicts.filter((verdict) => verdict.result === result).map(({ case: { id } }) => id.replace('spop/', ''));
}

describe('the cases of spop conformance', () => {
  it('are at least 200, each with its own id', () => {
    expect(cases.length).toBeGreaterThan(200);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(cases.filter(({ id }) => !/^spop\/\d(\.\d)+\/[a-z0-9.-]+$/.test(id))).toEqual([]);
    const releases = cases.filter((test) => test.class === 'haproxy');
    expect(releases.filter(({ source }) => !/HAProxy \d\.\d/.test(source)).map(({ id }) => id)).toEqual([]);
  });

  it('all pass for an agent without a fault', async () => {
    const verdicts = await verdictsOn('none');
    expect(verdicts.filter(({ result }) => result !== 'pass').map(({ case: { id }, detail }) => [id, detail])).toEqual(
      [],
    );
  }, 120_000);

  it.each(failing)(
    'fail as they should for an agent with the fault %s',
    async (fault, pattern) => {
      const verdicts = await verdictsOn(fault, pattern);
      expect(verdicts.length).toBeGreaterThan(0);
      expect(idsOf(verdicts, 'pass')).toEqual([]);
      // The cases fail because of the fault: the control passes.
      if (!hopeless.includes(fault)) expect(idsOf(await verdictsOn(fault, CONTROL), 'pass')).toHaveLength(1);
    },
    60_000,
  );

  it('each fail for at least one fault', () => {
    const patterns = failing.map(([, pattern]) => pattern);
    const ids = cases.map(({ id }) => id.replace('spop/', ''));
    expect(ids.filter((id) => !patterns.some((pattern) => pattern.test(id)))).toEqual([]);
  });
});
