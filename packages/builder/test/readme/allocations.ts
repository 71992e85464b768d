import {
  AckWriter,
  type Actions,
  address,
  defineMessage,
  defineVariable,
  FrameReader,
  int32,
  type MessageOf,
  MessageSet,
  Notify,
} from '@spop/codec';
import { notify } from '@spop/builder';
import { withoutAllocations } from '@spop/builder/allocations';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

function scoreIp({ ip }: MessageOf<typeof checkClientIp>, ack: Actions): void {
  ack.set(ipScore, ip.equals('192.0.2.1') ? 100 : 0);
}

const bytes = Buffer.from(notify().message(checkClientIp, { ip: '192.0.2.1' }).toBytes());
const frames = new FrameReader();
const request = new Notify(new MessageSet([checkClientIp]));
const ack = new AckWriter();
const output = Buffer.alloc(256);

const { bytesPerCall, calls, controls } = withoutAllocations(() => {
  frames.push(bytes);
  request.read(frames.next()!);
  ack.beginAck(output, 0, output.length, request);
  scoreIp(request.get(checkClientIp)!, ack);
  ack.end();
});
console.log(`${bytesPerCall} bytes in each of ${calls} calls; one object among them would be ${controls.object} bytes`);
