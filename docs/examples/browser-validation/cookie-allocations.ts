/** Prints what it takes to refuse cookies, as JSON. For a test; started with --expose-gc. */
import { withoutAllocations } from '@spop/builder/allocations';
import { Cookies } from './cookie.ts';
import { Keys } from './keys.ts';
import { messageOf } from '../shared/message-of.ts';
import { Purpose } from './signed-text.ts';
import { viewsOf } from './views.ts';
import { Visitor } from './visitor.ts';

const keys = new Keys(Buffer.alloc(32, 1).toString('base64'));
const cookies = new Cookies(() => keys, 3_600);
const visitor = new Visitor();
const { src, host } = viewsOf({ src: '192.0.2.1', host: 'site.test' });
visitor.read(src, host);
const signed = Buffer.alloc(39);

/** A cookie with this first byte, and a signature of zeros by the key in use. */
function made(purpose: number): string {
  signed[0] = purpose;
  signed[1] = keys.signingId;
  return `bv=${signed.toString('base64url')}`;
}

const fields = {
  missing: 'lang=de; theme=dark',
  empty: 'lang=de; bv=',
  short: made(Purpose.cookie).slice(0, -1),
  'not base64url': made(Purpose.cookie).replace(/.$/, '='),
  'of another purpose': made(Purpose.work),
  quoted: `bv="${made(Purpose.cookie).slice(3)}"`,
  several: `${made(Purpose.cookie)}; ${made(Purpose.cookie)}`,
  forged: made(Purpose.cookie),
};

const found = Object.entries(fields).map(([name, text]) => {
  const field = viewsOf({ text }).query;
  try {
    const { bytesPerCall, controls } = withoutAllocations(() => cookies.check(field, 1, visitor));
    return [name, { bytesPerCall, controls }];
  } catch (error) {
    return [name, messageOf(error)];
  }
});
console.log(JSON.stringify(Object.fromEntries(found)));
