import assert from 'node:assert/strict';
import { ack, assertSetVar, data, parseAck, variables } from '@spop/builder';

const received = parseAck(ack({ streamId: 1, frameId: 1 }).setVar('sess', 'ip_score', data.int32(100)));

assertSetVar(received, 'sess', 'ip_score', 100); // an AssertionError shows the actions of the ACK
assert.deepEqual(variables(received), { 'sess.ip_score': 100 });
assert.deepEqual(received.actions, [{ type: 'set-var', scope: 'sess', name: 'ip_score', value: data.int32(100) }]);
