/** The AGENT-HELLO of the yardsticks, which have no library: version 2.0, frames of 16,380 bytes, pipelining. */
export const AGENT_HELLO: Buffer = Buffer.from(
  '00000040' +
    '65000000010000' +
    '0776657273696f6e0803322e30' +
    '0e6d61782d6672616d652d73697a6503fcf006' +
    '0c6361706162696c6974696573080a706970656c696e696e67',
  'hex',
);
