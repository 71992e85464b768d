/**
 * An agent that inspects requests and responses by rules, with coraza-spoa's messages and variables.
 *
 *   node --conditions=@spop/source docs/examples/request-inspection/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and the rules, and ends.
 */
import { randomUUID } from 'node:crypto';
import { createAgent, HeaderReader, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { Reloadable } from '../shared/reloadable.ts';
import { choiceSetting, integerSetting, isCheckOnly, readSettings, setting } from '../shared/settings.ts';
import { bytesOf, readHeaders, requestBodyState, responseBodyState } from './exchange.ts';
import { Inspector } from './inspector.ts';
import { corazaReq, corazaRes, id as requestId, paired } from './messages.ts';
import { NOBODY, RequestTable } from './request-table.ts';
import { parseRules } from './rule-file.ts';

await run(async () => {
  const settings = readSettings({
    RULES: setting((path) => new Reloadable(path, parseRules), `${import.meta.dirname}/rules.txt`),
    REQUEST_THRESHOLD: integerSetting(5, 1, 1_000_000),
    RESPONSE_THRESHOLD: integerSetting(4, 1, 1_000_000),
    DETECT_ONLY: choiceSetting(['0', '1']),
    ON_FAILURE: choiceSetting(['deny', 'pass']),
    INSPECTION_BUDGET_MS: integerSetting(50, 1, 10_000),
    RESPONSE_TTL_S: integerSetting(60, 1, 3_600),
    MAX_KNOWN_REQUESTS: integerSetting(10_000, 1, 1_000_000),
  });
  if (isCheckOnly) return;
  settings.RULES.reloadOnHangUp();
  const inspector = new Inspector({
    rules: () => settings.RULES.value,
    thresholds: { request: settings.REQUEST_THRESHOLD, response: settings.RESPONSE_THRESHOLD },
    budgetMs: settings.INSPECTION_BUDGET_MS,
    isDetectOnly: settings.DETECT_ONLY === '1',
    onFailure: settings.ON_FAILURE,
  });
  const requests = new RequestTable({
    maxRequests: settings.MAX_KNOWN_REQUESTS,
    ttlMs: settings.RESPONSE_TTL_S * 1_000,
  });
  const pairs = new Outcomes('inspection_pairs', ['paired', 'request not known']);
  const reader = new HeaderReader();

  const agent = createAgent({ logger: textLogger() });

  agent.onMessage(
    corazaReq,
    (message, ack) => {
      const request = {
        app: message.app?.toString() ?? '',
        client: message['src-ip']?.toString() ?? '',
        method: message.method?.toString() ?? '',
        path: bytesOf(message.path),
        query: bytesOf(message.query),
        headers: readHeaders(reader, message.headers),
        body: bytesOf(message.body),
      };
      const bodyState = requestBodyState(request, message['body-limit']);
      const id = message.id?.toString() || randomUUID();
      ack.set(requestId, id);
      const wishes = { isDetectOnly: message['detect-only'] === true, isExported: message.exportRuleIDs === true };
      const known = { client: request.client, method: request.method, path: request.path, hits: [] };
      const hits = inspector.judge('request', { ...request, bodyState }, id, known, wishes, ack);
      if (hits !== undefined) requests.add(id, { ...known, hits });
    },
    { fallback: (_, ack) => inspector.fail('request', ack) },
  );

  agent.onMessage(
    corazaRes,
    (message, ack) => {
      const id = message.id?.toString() ?? '';
      const request = requests.take(id);
      ack.set(paired, request !== undefined);
      if (request === undefined) pairs.countAndLog('request not known', 'response without its request');
      else pairs.count('paired');
      const known = request ?? NOBODY;
      const response = {
        ...known,
        app: message.app?.toString() ?? '',
        query: '',
        status: message.status,
        headers: readHeaders(reader, message.headers),
        body: bytesOf(message.body),
      };
      const bodyState = responseBodyState(response, known.method);
      const wishes = { isDetectOnly: message['detect-only'] === true, isExported: message.exportRuleIDs === true };
      inspector.judge('response', { ...response, bodyState }, id, known, wishes, ack);
    },
    { fallback: (_, ack) => inspector.fail('response', ack) },
  );

  await serve(agent, settings, () => [...inspector.toMetrics(), ...pairs.toMetrics(), ...requests.toMetrics()]);
  await listen(agent, settings);
});
