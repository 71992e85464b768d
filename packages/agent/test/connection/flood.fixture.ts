/** A peer that sends 150,000 NOTIFYs at full speed, and sends its parent the number of ACKs: `flood.fixture.ts PORT`. */
import { connect } from 'node:net';
import { haproxyHello, notify } from '@spop/builder';
import { FrameReader, FrameType } from '@spop/codec';

const BATCH = 5_000;
const BATCHES = 30;

const reader = new FrameReader();
let answered = 0;
const socket = connect(Number(process.argv[2]), '127.0.0.1');
socket.write(haproxyHello().toBytes());
const batch = Buffer.concat(
  Array.from({ length: BATCH }, (_, i) =>
    notify({ streamId: i + 1 })
      .message('ask', { id: 'x' })
      .toBytes(),
  ),
);
for (let i = 0; i < BATCHES; i++) socket.write(batch);
socket.on('data', (chunk: Buffer) => {
  reader.push(chunk);
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    if (frame.type === FrameType.Ack) answered++;
  }
  if (answered === BATCH * BATCHES) process.send?.({ sent: BATCH * BATCHES, answered }, () => process.exit(0));
});
