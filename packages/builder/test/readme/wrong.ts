import assert from 'node:assert/strict';
import { ack, corrupt, data, frame, notify, parseStream, unset } from '@spop/builder';

const request = notify().message('m', { a: 1, b: 'text' });
assert.equal(parseStream(corrupt(request, 'nb-args-too-many')).error?.code, 'SPOP_TRUNCATED');

notify({ flags: 0, length: 3 }); // FIN missing, and a length field that lies
notify().message('m', { a: data.raw('0a 00') }); // any bytes in place of typed data
notify().message('m', { a: data.withFlags(data.string('x'), 5) }); // flags that mean nothing
notify().message('m', { a: 1 }, { nbArgs: 9 }); // NB-ARGS that lies
notify().message(Uint8Array.of(0xff), {}).raw('f0 80'); // a name that is no UTF-8; a varint that is cut
ack().setVar(9, 'x', 1, { nbArgs: 4 }); // a scope that does not exist
frame(200, { streamId: 1n }, '00 01'); // a frame of an unknown type
unset({ flags: 3 }); // ABORT
