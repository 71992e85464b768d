/** The limit that an `overload` is about: the option of that name, or `output` for a peer that does not read its ACKs. */
export type OverloadLimit =
  | 'maxConnections'
  | 'maxInFlight'
  | 'maxInFlightPerConnection'
  | 'maxInFlightBytes'
  | 'maxReassembledBytes'
  | 'maxIncompleteBytes'
  | 'output';

/** The options of an agent that are limits. */
export type OverloadOptions = Readonly<Record<Exclude<OverloadLimit, 'output'>, number>>;

const FASTER = 'Make the handlers faster, set processingTimeoutMs lower, or raise the option';

/** What happened at each limit, and what to do. */
const REASONS: { readonly [Limit in OverloadLimit]: (options: OverloadOptions) => string } = {
  maxConnections: ({ maxConnections }) =>
    `more than ${maxConnections} connections (maxConnections): the newest is refused. Raise the option, or find out which peer opens them`,
  maxInFlight: ({ maxInFlight }) =>
    `${maxInFlight} NOTIFYs of all connections wait for their handlers (maxInFlight): reading pauses. ${FASTER}`,
  maxInFlightPerConnection: ({ maxInFlightPerConnection }) =>
    `${maxInFlightPerConnection} NOTIFYs of the connection wait for their handlers (maxInFlightPerConnection): ` +
    `reading it pauses. ${FASTER}`,
  maxInFlightBytes: ({ maxInFlightBytes }) =>
    `the NOTIFYs that wait for their handlers hold ${maxInFlightBytes} bytes (maxInFlightBytes): reading pauses. ${FASTER}`,
  maxReassembledBytes: ({ maxReassembledBytes }) =>
    `a fragmented NOTIFY is above ${maxReassembledBytes} bytes (maxReassembledBytes): it got the fallback actions. ` +
    `Raise the option, or send less of the request`,
  maxIncompleteBytes: ({ maxIncompleteBytes }) =>
    `frames that are not complete hold more than ${maxIncompleteBytes} bytes (maxIncompleteBytes): the connection whose ` +
    `frame was begun first is ended. Raise the option, or find out which peer does not complete its frames`,
  output: () =>
    'the peer does not read its ACKs: the agent stops reading it until it does. Check the load of the machine that HAProxy runs on',
};

/** The information of an `overload` event on a limit that was reached. */
export function overload(
  limit: OverloadLimit,
  options: OverloadOptions,
): { readonly limit: OverloadLimit; readonly reason: string } {
  return { limit, reason: REASONS[limit](options) };
}
