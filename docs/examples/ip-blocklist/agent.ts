/**
 * An agent that tells HAProxy whether a client's address is on a blocklist.
 *
 *   node --conditions=@spop/source docs/examples/ip-blocklist/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { integerSetting, isCheckOnly, readSettings, setting } from '../shared/settings.ts';
import { Blocklist } from './blocklist.ts';
import { blocked, byDefault, checkClientIp } from './messages.ts';
import { parseSources } from './source-texts.ts';

const OUTCOMES = ['blocked', 'passed', 'no address', 'handler failed', 'list missing'] as const;

await run(async () => {
  const settings = readSettings({
    BLOCKLIST: setting(parseSources),
    BLOCKLIST_REFRESH_S: integerSetting(60, 1, 86_400),
    PROCESSING_TIMEOUT_MS: integerSetting(100, 1, 60_000),
  });
  if (isCheckOnly) return;

  const blocklist = new Blocklist({ sources: settings.BLOCKLIST, refreshMs: settings.BLOCKLIST_REFRESH_S * 1_000 });
  process.on('SIGHUP', () => {
    console.log('reading all sources again on SIGHUP');
    blocklist.refresh();
  });
  const outcomes = new Outcomes('blocklist_answers', OUTCOMES);

  const agent = createAgent({
    processingTimeoutMs: settings.PROCESSING_TIMEOUT_MS,
    // The session may have the answer for an earlier request's client: unset it, as this client is unknown.
    fallback: (_, ack) => {
      ack.unset(blocked).set(byDefault, 'handler failed');
      outcomes.countDefault('handler failed');
    },
    logger: textLogger(),
  });

  agent.onMessage(checkClientIp, ({ ip }, ack) => {
    if (ip === undefined) {
      outcomes.count('no address');
      ack.unset(blocked);
    } else if (blocklist.has(ip)) {
      outcomes.count('blocked');
      ack.set(blocked, true);
    } else if (blocklist.isComplete) {
      outcomes.count('passed');
      ack.set(blocked, false);
    } else {
      outcomes.countDefault('list missing');
      ack.set(blocked, false).set(byDefault, 'list missing');
    }
  });

  await serve(agent, settings, () => [...outcomes.toMetrics(), ...blocklist.toMetrics()]);
  await blocklist.inForce;
  await listen(agent, settings);
});
