import { writeFile } from 'node:fs/promises';
import { startAgent, startScript } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import { type ArgumentsInput, data, haproxy, type ScriptedHaproxy } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { connectTo, type Variables, variablesOf } from '../shared/testing.ts';
import { AGENT, writeRules } from './testing.ts';

const REQUEST = { method: 'GET', path: '/', headers: 'host: a.test\r\n\r\n', 'src-ip': data.ipv4('192.0.2.1') };
const RESPONSE = { status: 200, headers: 'content-length: 2\r\n\r\n', body: data.binary('ok') };

/** The variables that an agent sets. */
async function ask(peer: ScriptedHaproxy, message: string, args: ArgumentsInput): Promise<Variables> {
  return variablesOf(await peer.notify(message, args), 'txn');
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<{ agent: Program; peer: ScriptedHaproxy }> {
  const { agent, spoeAddress } = await startAgent(AGENT, {
    METRICS_ADDR: '127.0.0.1:0',
    INSPECTION_BUDGET_MS: '5000',
    ...env,
  });
  return { agent, peer: await connectTo(spoeAddress, haproxy('3.2')) };
}

describe('the agent of the request inspection', () => {
  it('answers with all variables, pairs responses with requests, reads new rules, and counts', async () => {
    const rules = `
      rule 10 A word
        in argument
        contains bad
        deny 418
      rule 20 Elsewhere
        in path
        is /old
        redirect /${'n'.repeat(399)}
      rule 30 Score of a response
        in response-body
        contains ok
        score 3`;
    // As many rules as can be listed, and some more.
    const many = Array.from({ length: 100 }, (_, at) => `rule ${1_000_000 + at} x\nin query\nis many\nscore 1`).join(
      '\n',
    );
    const RULES = await writeRules(`${rules}\n${many}`);
    const { agent, peer } = await start({ RULES });

    const passed = await ask(peer, 'coraza-req', REQUEST);
    const { id } = passed;
    expect(passed).toEqual({ id, anomaly_score: 0, rules_hit: 0, body_complete: true });
    expect(id).toMatch(/^[\da-f-]{36}$/);
    const response = { response_score: 3, rules_hit: 1, response_body_complete: true };
    expect(await ask(peer, 'coraza-res', { id: String(id), ...RESPONSE })).toEqual({ ...response, paired: true });
    expect(await ask(peer, 'coraza-res', { id: String(id), ...RESPONSE })).toEqual({ ...response, paired: false });
    expect(await ask(peer, 'coraza-res', { id: data.nil })).toEqual({
      response_score: 0,
      rules_hit: 0,
      response_body_complete: false,
      paired: false,
    });

    // Any order, headers as bytes, a name of HAProxy's own.
    const denied = {
      exportRuleIDs: true,
      id: 'x-1',
      query: 'q=BAD',
      method: data.nil,
      headers: data.binary('\x04host\x01a\0\0'),
    };
    expect(await ask(peer, 'coraza-req', denied)).toEqual({
      id: 'x-1',
      anomaly_score: 0,
      rules_hit: 1,
      rule_ids: '10',
      body_complete: true,
      action: 'deny',
      status: 418,
      ruleid: 10,
    });
    expect(await ask(peer, 'coraza-res', { id: 'x-1' })).toMatchObject({ paired: false });
    await agent.says(/request denied: id="x-1" client= score=0 rules=10 "A word" " "/);
    const detected = await ask(peer, 'coraza-req', { ...denied, 'detect-only': true });
    expect(detected).toMatchObject({ detected: 'deny', ruleid: 10 });
    expect(detected).not.toHaveProperty('action');
    expect(await ask(peer, 'coraza-res', { id: 'x-1', exportRuleIDs: true, ...RESPONSE })).toMatchObject({
      paired: true,
      rules_hit: 2,
      rule_ids: '10,30',
    });

    // The largest answer fits: a longer list of numbers is cut, and says so.
    const largest = await ask(peer, 'coraza-req', { ...REQUEST, query: 'many', path: '/old', exportRuleIDs: true });
    expect(largest).toMatchObject({ action: 'redirect', status: 302, ruleid: 20, rules_hit: 1 });
    const list = String(
      (await ask(peer, 'coraza-req', { ...REQUEST, query: 'many', exportRuleIDs: true }))['rule_ids'],
    );
    const [, count] = /^(?:1\d{6},)+\+(\d+)$/.exec(list) ?? [];
    expect(list.split(',').length - 1 + Number(count)).toBe(100);

    expect(await ask(peer, 'coraza-req', { ...REQUEST, headers: 'no line end' })).toEqual({
      by_default: 'handler failed',
      action: 'deny',
      status: 500,
    });
    await agent.says(/decided by default: handler failed, 1 times so far/);
    expect(await ask(peer, 'coraza-req', { headers: 'content-length: 5\r\n\r\n' })).toMatchObject({
      body_complete: false,
    });
    await agent.says(/end of a request body not seen: cut, 1 times so far/);
    expect(await ask(peer, 'other', {})).toEqual({});

    await writeFile(RULES, 'rule 1 x\n in argument\n matches (\n deny');
    agent.signal('SIGHUP');
    await agent.says(/rules\.txt: line 3: rule 1: expected a pattern .*; the last good content stays in use/);
    expect(await ask(peer, 'coraza-req', denied)).toMatchObject({ ruleid: 10 });
    await writeFile(RULES, 'rule 11 x\n in argument\n contains bad\n drop');
    agent.signal('SIGHUP');
    await agent.says(/read .*rules\.txt again on SIGHUP/);
    expect(await ask(peer, 'coraza-req', denied)).toMatchObject({ ruleid: 11, action: 'drop' });

    const address = await agent.says(/^metrics on\s+(\S+)$/m);
    const text = await (await fetch(`http://${address}/metrics`)).text();
    const expected = [
      'inspection_requests_total{outcome="denied"} 3',
      'inspection_requests_total{outcome="detected"} 1',
      'inspection_requests_total{outcome="dropped"} 1',
      'inspection_requests_total{outcome="redirected"} 1',
      'inspection_requests_total{outcome="handler failed"} 1',
      'inspection_responses_total{outcome="passed"} 5',
      'inspection_request_bodies_total{outcome="cut"} 1',
      'inspection_response_bodies_total{outcome="unknown"} 2',
      'inspection_pairs_total{outcome="request not known"} 3',
      'inspection_rule_hits_total{rule="10"} 3',
      'inspection_rules 1',
      'inspection_known_requests 1',
    ];
    expect(text.split('\n')).toEqual(expect.arrayContaining(expected));
    expect(await agent.stop()).toBe('exit code 0');
  });

  it('checks its settings and rules with --check, and ends', async () => {
    const RULES = await writeRules('rule 1 x\n in argument\n matches (\n deny\nrule 2 y');
    const right = startScript(AGENT, ['--check']);
    const agent = startScript(AGENT, ['--check'], { RULES, ON_FAILURE: 'open', REQUEST_THRESHOLD: '0' });
    expect([await right.ended, await agent.ended]).toEqual(['exit code 0', 'exit code 1']);
    expect(agent.output).toContain('rules.txt: line 3: rule 1: expected a pattern as RE2 has them: missing closing )');
    expect(agent.output).toContain('line 5: rule 2: expected one line that says what to look at: in');
    expect(agent.output).toContain('ON_FAILURE: expected deny, pass; found "open"');
    expect(agent.output).toContain('REQUEST_THRESHOLD: expected a whole number from 1 to 1000000; found "0"');
  });
});
