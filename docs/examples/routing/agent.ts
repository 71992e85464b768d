/**
 * An agent that chooses the backend of a request by tenant or host, and sends some users to the canary.
 *
 *   node --conditions=@spop/source docs/examples/routing/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { createAgent, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { Reloadable } from '../shared/reloadable.ts';
import { integerSetting, isCheckOnly, readSettings, setting } from '../shared/settings.ts';
import { backend, byDefault, chooseBackend, isCanary } from './messages.ts';
import { goesToCanary, Routes } from './routes.ts';

await run(async () => {
  const settings = readSettings({
    ROUTES: setting((path) => new Reloadable(path, (text) => new Routes(text)), `${import.meta.dirname}/routes.txt`),
    PROCESSING_TIMEOUT_MS: integerSetting(100, 1, 60_000),
  });
  if (isCheckOnly) return;
  const routes = settings.ROUTES;
  routes.reloadOnHangUp();
  const outcomes = new Outcomes('routing_answers', ['main', 'canary', 'no route', 'handler failed']);

  const agent = createAgent({
    processingTimeoutMs: settings.PROCESSING_TIMEOUT_MS,
    fallback: (_, ack) => {
      ack.unset(backend).unset(isCanary).set(byDefault, 'handler failed');
      outcomes.countDefault('handler failed');
    },
    logger: textLogger(),
  });

  agent.onMessage(chooseBackend, ({ host, tenant, user, ip }, ack) => {
    const route = routes.value.find({ host: host?.toString(), tenant: tenant?.toString() });
    if (route === undefined) {
      ack.unset(backend).unset(isCanary).set(byDefault, 'no route');
      outcomes.countDefault('no route');
      return;
    }
    // A user without a cookie is known by the address.
    const toCanary = goesToCanary(route, (user ?? ip)?.toString());
    ack.set(backend, (toCanary && route.canary) || route.backend).set(isCanary, toCanary);
    outcomes.count(toCanary ? 'canary' : 'main');
  });

  await serve(agent, settings, () => outcomes.toMetrics());
  await listen(agent, settings);
});
