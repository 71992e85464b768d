import { createAgent } from '@spop/agent';
import { connect } from '@spop/builder';
import '@spop/builder/vitest';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Exchange } from './exchange.ts';
import { Inspector } from './inspector.ts';
import { action, byDefault, corazaReq, status } from './messages.ts';
import { NOBODY } from './request-table.ts';
import { parseRules } from './rule-file.ts';

const RULES = parseRules('rule 1 x\nin query\nis x\ndeny');
const EXCHANGE: Exchange = { ...NOBODY, app: '', query: 'x', headers: [], body: '', bodyState: 'none' };
const NO_WISHES = { isDetectOnly: false, isExported: false };

it.each([
  ['deny', false, true],
  ['pass', false, false],
  ['deny', true, false],
] as const)('decides by default if it has no time: %s, detect-only %s', async (onFailure, isDetectOnly, isDenied) => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(console, 'log').mockImplementation(() => {});
  onTestFinished(() => void vi.restoreAllMocks());
  const thresholds = { request: 5, response: 5 };
  const inspector = new Inspector({ rules: () => RULES, thresholds, budgetMs: -1, isDetectOnly, onFailure });
  const agent = createAgent();
  onTestFinished(() => agent.close({ graceMs: 0 }));
  agent.onMessage(corazaReq, (_, ack) => {
    inspector.judge('request', EXCHANGE, 'id', NOBODY, NO_WISHES, ack);
  });
  const peer = await connect(agent);
  onTestFinished(() => peer.close());
  const ack = await peer.notify(corazaReq, {});
  expect(ack).toSetVar(byDefault, 'out of time');
  if (isDenied) expect(ack).toSetVar(status, 500);
  if (isDenied) expect(ack).toSetVar(action, 'deny');
  else expect(ack).not.toSetVar(action, 'deny');
  expect(log.mock.calls).toEqual([['decided by default: out of time, 1 times so far']]);
});
