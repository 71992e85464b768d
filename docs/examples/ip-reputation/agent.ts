/**
 * An agent that tells HAProxy the score of a client's address.
 *
 *   node --conditions=@spop/source docs/examples/ip-reputation/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { isCheckOnly, readSettings, setting } from '../shared/settings.ts';
import { checkClientIp, ipScore } from './messages.ts';
import { TableFile } from './table-file.ts';

await run(async () => {
  const settings = readSettings({ SCORES: setting(String, `${import.meta.dirname}/ip-scores.txt`) });
  const scores = await TableFile.open(settings.SCORES, {
    onReload: (file) => console.log(`read ${file.path} again: ${file.size} addresses and ranges`),
    onError: (problem) => console.error(`${problem}\nthe last good scores stay in use`),
  });
  console.log(`scores        ${scores.size} addresses and ranges`);
  if (isCheckOnly) return;

  const agent = createAgent({
    // The session may have the score of an earlier request's client: unset it, as this client's is unknown.
    fallback: (_, ack) => void ack.unset(ipScore),
    // One line for each event on stderr, at most ten of each kind in ten seconds.
    logger: textLogger(),
  });
  agent.onMessage(checkClientIp, ({ ip }, ack) => {
    if (ip === undefined) ack.unset(ipScore);
    else ack.set(ipScore, scores.score(ip));
  });

  await serve(agent, settings, () => []);
  await listen(agent, settings);
});
