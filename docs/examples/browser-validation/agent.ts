/**
 * An agent that lets browsers pass after they have done some work.
 *
 *   node --conditions=@spop/source docs/examples/browser-validation/agent.ts [--check]
 *
 * Settings are in the environment; README.md has them all. --check checks them and ends.
 */
import { type Actions, createAgent, type MessageOf, textLogger } from '@spop/agent';
import { listen, run, serve } from '../shared/application.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { isCheckOnly } from '../shared/settings.ts';
import { type Answer, Challenges } from './challenge.ts';
import { Cookies } from './cookie.ts';
import { Counts, type Way } from './counts.ts';
import { chooseLanguage } from './languages.ts';
import {
  byDefault,
  challenge,
  level,
  Path,
  type Reason,
  reason,
  response,
  status,
  token,
  valid,
  validate,
} from './messages.ts';
import { operatorPage } from './operator-page.ts';
import { readValidationSettings } from './settings.ts';
import { UsedSolutions } from './used-solutions.ts';
import { Visitor } from './visitor.ts';

const MAX_LEVEL = 3;

await run(async () => {
  const settings = readValidationSettings();
  if (isCheckOnly) return;
  const { KEYS, LIST, difficulties } = settings;
  KEYS.reloadOnHangUp();
  LIST.reloadOnHangUp();

  const cookies = new Cookies(() => KEYS.value, settings.COOKIE_LIFETIME_S);
  const challenges = new Challenges(() => KEYS.value, settings.CHALLENGE_LIFETIME_S);
  const used = new UsedSolutions(settings);
  const counts = new Counts();
  const visitor = new Visitor();

  /** Answers a visitor's solution: the visitor sees the same refusal for each error. */
  function take(way: Way, answer: Answer, message: MessageOf<typeof challenge>, ack: Actions): void | Promise<void> {
    const { supportId } = answer;
    // Made before the store is asked, since each message overwrites `visitor`.
    const cookie = answer.reason === 'solved' ? cookies.make(answer.level, visitor, message.ssl === true) : '';
    const language = chooseLanguage(message['accept-language']?.toString());
    const reply = (why: Reason): void => {
      ack
        .set(response, `${language}.${supportId}`)
        .set(reason, why)
        .set(status, why === 'solved' ? 200 : 403);
      if (why === 'solved') {
        ack.set(token, cookie);
        counts.countSolution(answer.level, way, answer.tookMs);
        return;
      }
      const { src, frontend } = message;
      const who = { address: src?.toString() ?? '', frontend: frontend?.toString() ?? '' };
      counts.countRefusal({ at: new Date(), supportId, reason: why, way, ...who });
    };
    const found = answer.reason === 'solved' ? used.use(answer) : answer.reason;
    return typeof found === 'string' ? reply(found) : found.then(reply);
  }

  const defaults = new Outcomes('browser_validation_defaults', ['handler failed']);
  const agent = createAgent({
    processingTimeoutMs: settings.PROCESSING_TIMEOUT_MS,
    // HAProxy decides, as it does without an agent.
    fallback: (_, ack) => {
      ack.set(byDefault, 'handler failed');
      defaults.countDefault('handler failed');
    },
    logger: textLogger(),
  });

  agent.onMessage(validate, ({ level: asked, src, host, cookie, 'user-agent': userAgent }, ack) => {
    const wanted = LIST.value.levelOf(src, userAgent) ?? levelOf(asked);
    let why: Reason = 'list';
    if (wanted > 0) {
      visitor.read(src, host);
      why = cookies.check(cookie, wanted, visitor);
    }
    counts.countValidation(why);
    ack
      .set(valid, why === 'cookie' || why === 'list')
      .set(level, wanted)
      .set(reason, why);
  });

  agent.onMessage(challenge, (message, ack) => {
    const { method, path, body } = message;
    visitor.read(message.src, message.host);
    if (method?.equals('POST') === true) {
      if (path?.equals(Path.solution) === true)
        return take('script', challenges.checkWork(body, visitor), message, ack);
      if (path?.equals(Path.form) === true) return take('form', challenges.checkWait(body, visitor), message, ack);
    }
    const wanted = levelOf(message.level);
    const difficulty = difficulties[wanted - 1]!;
    const { supportId, work, wait } = challenges.make(wanted, difficulty, visitor);
    counts.countChallenge(wanted);
    const language = chooseLanguage(message['accept-language']?.toString());
    ack.set(response, [language, supportId, difficulty.bits, work, difficulty.waitS ?? 0, wait].join('.'));
    ack.set(status, 403).set(reason, 'challenged');
  });

  await serve(agent, settings, () => [...counts.toMetrics(), ...used.toMetrics(), ...defaults.toMetrics()], {
    '/operator': () => operatorPage(counts),
  });
  await listen(agent, settings);
});

/** The level that HAProxy asks for: 1 to 3, and 1 by default. */
function levelOf(asked: number | undefined): number {
  return Math.min(MAX_LEVEL, Math.max(1, asked ?? 1));
}
