/**
 * An agent that tells HAProxy which requests are above a client's rate.
 *
 *   node --conditions=@spop/source docs/examples/gcra-rate-limit/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { type Actions, createAgent, type NotifyContext, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { isCheckOnly } from '../shared/settings.ts';
import { answer } from './answer.ts';
import { ClientKey } from './client-key.ts';
import { Gcra, type Rate } from './gcra.ts';
import { MemoryLimiter } from './memory-limiter.ts';
import { checkRate, type RateSource } from './messages.ts';
import { type RateSettings, readRateSettings } from './settings.ts';
import { Store } from './store.ts';
import type { Kept } from './store-node.ts';

const OUTCOMES = ['allowed', 'refused', 'no address', 'store failed', 'handler failed'] as const;

await run(async () => {
  const settings = readRateSettings();
  if (isCheckOnly) return;

  const rate = { intervalUs: settings.SPOA_RATE_INTERVAL, burstUs: settings.SPOA_RATE_BURST };
  const store = openStore(settings, rate);
  const isMemoryUsed = store === undefined || settings.ON_STORE_FAILURE === 'local';
  const gcra = new Gcra(rate);
  const memory = new MemoryLimiter(gcra, isMemoryUsed ? settings.SPOA_RATE_MAX_CLIENTS : 1);
  const client = new ClientKey(settings.SPOA_RATE_IPV6_PREFIX);
  const outcomes = new Outcomes('rate_answers', OUTCOMES);

  /** Answers with the decision in `gcra`. */
  function answerWith(ack: Actions, source: RateSource): void {
    answer(ack, gcra, source, settings.SHADOW);
    if (source !== 'default' && source !== 'local') outcomes.count(gcra.isAllowed ? 'allowed' : 'refused');
  }

  /** Answers after the store has failed. The client has been read. */
  function answerWithoutStore(ack: Actions): void {
    outcomes.countDefault('store failed');
    const mode = settings.ON_STORE_FAILURE;
    if (mode === 'local') memory.decide(client);
    else if (mode === 'closed') gcra.refuse();
    else gcra.allow();
    answerWith(ack, mode === 'local' ? 'local' : 'default');
  }

  /** Lets a request of an unknown client pass. */
  function letPass(ack: Actions, outcome: 'no address' | 'handler failed'): void {
    outcomes.countDefault(outcome);
    gcra.allow();
    answerWith(ack, 'default');
  }

  async function answerFromStore(asked: Promise<Kept>, ack: Actions, notify: NotifyContext): Promise<void> {
    let kept: Kept | undefined;
    try {
      kept = await asked;
    } catch {
      // StoreNode has logged the reason once for all calls.
    }
    // The deadline is over: the fallback below has answered.
    if (notify.isAnswered) return;
    // Other clients have been read since then: this one is read again when it is needed.
    const isLocal = settings.ON_STORE_FAILURE === 'local';
    if (kept === undefined || isLocal) client.read(notify.walk());
    if (kept === undefined) {
      answerWithoutStore(ack);
      return;
    }
    gcra.decide(kept.arrivalUs, kept.nowUs);
    if (isLocal) memory.learn(client, gcra.arrivalUs - kept.nowUs);
    answerWith(ack, 'store');
  }

  const agent = createAgent({ fallback: (_, ack) => letPass(ack, 'handler failed'), logger: textLogger() });

  agent.onMessage(
    checkRate,
    (_, ack, notify) => {
      if (!client.read(notify.walk())) {
        // If all of these shared one bucket, any of them could fill it.
        letPass(ack, 'no address');
        return;
      }
      if (store === undefined) {
        memory.decide(client);
        answerWith(ack, 'memory');
        return;
      }
      const asked = store.decide(client);
      if (asked === undefined) {
        answerWithoutStore(ack);
        return;
      }
      return answerFromStore(asked, ack, notify);
    },
    {
      timeoutMs: settings.VALKEY_DEADLINE_MS,
      fallback: (_, ack, notify, reason) => {
        if (reason === 'timeout' && client.read(notify.walk())) answerWithoutStore(ack);
        else letPass(ack, 'handler failed');
      },
    },
  );

  await serve(agent, settings, () => [...outcomes.toMetrics(), ...(store?.toMetrics() ?? [])]);
  await listen(agent, settings);
});

function openStore(settings: RateSettings, rate: Rate): Store | undefined {
  if (settings.VALKEY_NODES.length === 0) return undefined;
  return new Store({
    ...rate,
    ttlMs: settings.SPOA_RATE_TTL * 1_000,
    deadlineMs: settings.VALKEY_DEADLINE_MS,
    urls: settings.VALKEY_NODES,
    ca: settings.VALKEY_CA_FILE,
    prefix: settings.VALKEY_PREFIX,
  });
}
