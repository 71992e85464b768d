import assert from 'node:assert/strict';
import { data, explain, fromHex, notify, parse, validate } from '@spop/builder';

const bytes = notify().message('greet', { name: 'Ada' }).toBytes();
assert.deepEqual(parse(bytes), [
  {
    type: 'NOTIFY',
    flags: 1,
    streamId: 1n,
    frameId: 1n,
    messages: [{ name: 'greet', args: [{ name: 'name', value: data.string('Ada') }] }],
  },
]);

const wrong = fromHex('0000000d 67 00000001 01 01 01 03 09 02 2d 2d');
console.log(explain(wrong));
console.log(validate(wrong, { from: 'agent', state: 'established', haproxy: '3.2' }));
