/**
 * An agent that applies CrowdSec's decisions to requests: lets them pass, shows a captcha or a challenge, or bans them.
 *
 *   node --conditions=@spop/source docs/examples/remediation/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { isCheckOnly } from '../shared/settings.ts';
import { Bouncer } from './bouncer.ts';
import { ChallengeRelay } from './challenge-relay.ts';
import { Challenges } from './challenges.ts';
import { Decisions } from './decisions.ts';
import { Defaults } from './defaults.ts';
import { BouncerMetrics } from './metrics.ts';
import { readBouncerSettings } from './settings.ts';

await run(async () => {
  const settings = readBouncerSettings();
  if (isCheckOnly) return;
  const { COUNTRY_DB: countries, HOSTS: hosts } = settings;
  countries?.reloadOnHangUp();
  hosts.reloadOnHangUp();
  const decisions = new Decisions({
    source: {
      url: settings.LAPI_URL,
      // With a certificate, the key is for AppSec only.
      apiKey: settings.LAPI_CERT_PATH === undefined ? settings.LAPI_KEY : undefined,
      certPath: settings.LAPI_CERT_PATH,
      keyPath: settings.LAPI_KEY_PATH,
      caPath: settings.LAPI_CA_PATH,
      hasCountries: countries !== undefined,
    },
    updateMs: settings.UPDATE_FREQUENCY_S * 1_000,
  });
  const appsec = settings.APPSEC_URL === '' ? undefined : { url: settings.APPSEC_URL, apiKey: settings.LAPI_KEY };
  const relay = new ChallengeRelay(decisions, hosts, appsec);
  const challenges = settings.CHALLENGE_ADDR === '' ? undefined : new Challenges((request) => relay.answer(request));
  const metrics = new BouncerMetrics();
  const defaults = new Defaults();
  const bouncer = new Bouncer({
    decisions,
    countries,
    hosts,
    challenges,
    agentName: settings.AGENT_NAME,
    appsec,
    appsecTimeoutMs: settings.APPSEC_TIMEOUT_MS,
    appsecFailureAction: settings.APPSEC_FAILURE_ACTION,
    captchaTimeoutMs: settings.CAPTCHA_TIMEOUT_MS,
    metrics,
    defaults,
  });

  const agent = createAgent({ logger: textLogger() });
  bouncer.answer(agent);

  await serve(agent, settings, () => [...defaults.toMetrics(), ...metrics.toMetrics(decisions)]);
  await challenges?.listen(settings.CHALLENGE_ADDR);
  await Promise.race([decisions.known, sleep(settings.LAPI_PATIENCE_S * 1_000)]);
  await listen(agent, settings);
});
