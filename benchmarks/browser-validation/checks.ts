/**
 * Checks cookies and answers, and makes challenges, as docs/examples/browser-validation does, and prints the time and the
 * bytes as one line of JSON. run.ts starts it, as JavaScript.
 */
import { Challenges } from '../../docs/examples/browser-validation/challenge.ts';
import { Cookies } from '../../docs/examples/browser-validation/cookie.ts';
import { Keys } from '../../docs/examples/browser-validation/keys.ts';
import { solve } from '../../docs/examples/browser-validation/solving.ts';
import { viewsOf } from '../../docs/examples/browser-validation/views.ts';
import { Visitor } from '../../docs/examples/browser-validation/visitor.ts';
import { type Measured, measured } from '../harness/measured.ts';
import type { Operation } from '../harness/operation.ts';

const DIFFICULTY = { bits: 16, waitS: 10 };
const keys = Keys.makeRandom();
const cookies = new Cookies(() => keys, 3_600);
const challenges = new Challenges(() => keys, 300);
const { src, host } = viewsOf({ src: '192.0.2.1', host: 'site.test' });
const visitor = new Visitor();
visitor.read(src, host);

const cookie = cookies.make(1, visitor, false).replace(/;.*/, '');
const { work } = challenges.make(1, DIFFICULTY, visitor);
const number = solve(work, DIFFICULTY.bits);
/** The same with another last character, which changes the signature only. */
const spoiled = (text: string): string => text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');

function cookieCheck(text: string): Operation {
  const field = viewsOf({ text: `lang=de; ${text}; theme=dark` }).query;
  return () => {
    visitor.read(src, host);
    return cookies.check(field, 1, visitor).length;
  };
}

function answerCheck(body: string): Operation {
  const view = viewsOf({ body }).body;
  return () => {
    visitor.read(src, host);
    return challenges.checkWork(view, visitor).level;
  };
}

const figures = {
  'a cookie that passes': await measured(cookieCheck(cookie)),
  'a cookie that is forged': await measured(cookieCheck(spoiled(cookie))),
  'a cookie of another shape': await measured(cookieCheck(`${cookie}A`)),
  'a challenge is made': await measured(() => challenges.make(1, DIFFICULTY, visitor).work.length),
  'an answer that passes': await measured(answerCheck(`challenge=${work}&number=${number}`)),
  'an answer that is forged': await measured(answerCheck(`challenge=${spoiled(work)}&number=${number}`)),
  'an answer of another shape': await measured(answerCheck(`challenge=${work}A&number=${number}`)),
};
console.log(JSON.stringify(figures satisfies Record<string, Measured>));
