/**
 * An agent that tells HAProxy in which network a client is, for a header of the request and one of the response.
 *
 *   node --conditions=@spop/source docs/examples/header-enrichment/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { Reloadable } from '../shared/reloadable.ts';
import { integerSetting, isCheckOnly, readSettings, setting } from '../shared/settings.ts';
import { byDefault, describeClient, network, region } from './messages.ts';
import { parseNetworks } from './networks.ts';

await run(async () => {
  const settings = readSettings({
    NETWORKS: setting((path) => new Reloadable(path, parseNetworks), `${import.meta.dirname}/networks.txt`),
    PROCESSING_TIMEOUT_MS: integerSetting(100, 1, 60_000),
  });
  if (isCheckOnly) return;
  const networks = settings.NETWORKS;
  networks.reloadOnHangUp();
  const outcomes = new Outcomes('enrichment_answers', ['known', 'unknown', 'handler failed']);

  const agent = createAgent({
    processingTimeoutMs: settings.PROCESSING_TIMEOUT_MS,
    fallback: (_, ack) => {
      ack.unset(network).unset(region).set(byDefault, 'handler failed');
      outcomes.countDefault('handler failed');
    },
    logger: textLogger(),
  });

  agent.onMessage(describeClient, ({ ip }, ack) => {
    const known = ip && networks.value.find((each) => ip.isWithin(each.network));
    outcomes.count(known === undefined ? 'unknown' : 'known');
    if (known === undefined) ack.unset(network).unset(region);
    else ack.set(network, known.name).set(region, known.region);
  });

  await serve(agent, settings, () => outcomes.toMetrics());
  await listen(agent, settings);
});
