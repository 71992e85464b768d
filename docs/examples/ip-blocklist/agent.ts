/**
 * An agent that tells HAProxy whether a client's address is on a blocklist.
 *
 *   node --conditions=@spop/source docs/examples/ip-blocklist/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { integerSetting, isCheckOnly, readSettings, setting } from '../shared/settings.ts';
import { Blocklist } from './blocklist.ts';
import { blocked, checkClientIp } from './messages.ts';
import { parseSources } from './source-texts.ts';

await run(async () => {
  const settings = readSettings({
    BLOCKLIST: setting(parseSources),
    BLOCKLIST_REFRESH_S: integerSetting(60, 1, 86_400),
  });
  if (isCheckOnly) return;

  const blocklist = new Blocklist({ sources: settings.BLOCKLIST, refreshMs: settings.BLOCKLIST_REFRESH_S * 1_000 });
  process.on('SIGHUP', () => blocklist.refresh());

  const agent = createAgent({
    processingTimeoutMs: 100,
    // The session may hold what was said of an earlier request's client: what is not known now must not stay known.
    fallback: (ack) => void ack.unset(blocked),
    logger: textLogger(),
  });
  agent.onMessage(checkClientIp, ({ ip }, ack) => {
    if (ip === undefined) ack.unset(blocked);
    else ack.set(blocked, blocklist.has(ip));
  });

  await serve(agent, settings, () => blocklist.toMetrics());
  await blocklist.inForce;
  await listen(agent, settings);
});
