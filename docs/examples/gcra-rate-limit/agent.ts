/**
 * An agent that tells HAProxy which requests are too many.
 *
 *   node --conditions=@spop/source docs/examples/gcra-rate-limit/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { type Actions, createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { isCheckOnly } from '../shared/settings.ts';
import { answer } from './answer.ts';
import { ClientKey } from './client-key.ts';
import { Gcra } from './gcra.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { checkRate, type RateSource } from './messages.ts';
import { readRateSettings } from './settings.ts';

await run(async () => {
  const settings = readRateSettings();
  if (isCheckOnly) return;

  const gcra = new Gcra({ intervalUs: settings.SPOA_RATE_INTERVAL, burstUs: settings.SPOA_RATE_BURST });
  const memory = new MemoryLimiter(gcra, settings.SPOA_RATE_MAX_CLIENTS);
  const client = new ClientKey(settings.SPOA_RATE_IPV6_PREFIX);
  const outcomes = new Outcomes('rate_answers', ['allowed', 'refused', 'no address', 'handler failed']);

  /** Answers with what stands in `gcra`. */
  function say(ack: Actions, source: RateSource): void {
    answer(ack, gcra, source, settings.SHADOW);
  }

  const agent = createAgent({
    fallback: (_, ack) => {
      gcra.allow();
      say(ack, 'default');
      outcomes.countDefault('handler failed');
    },
    logger: textLogger(),
  });

  agent.onMessage(checkRate, (_, ack, notify) => {
    if (!client.read(notify.walk())) {
      // One bucket for all of them would be anybody's to fill.
      gcra.allow();
      say(ack, 'default');
      outcomes.countDefault('no address');
      return;
    }
    memory.decide(client);
    say(ack, 'memory');
    outcomes.count(gcra.isAllowed ? 'allowed' : 'refused');
  });

  await serve(agent, settings, () => outcomes.toMetrics());
  await listen(agent, settings);
});
