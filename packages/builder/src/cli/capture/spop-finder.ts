import type { Side } from '../../validate/connection-state.ts';
import { FrameStream, type CapturedFrame } from './frame-stream.ts';
import type { Packet } from './pcap.ts';
import { tcpSegmentOf, type TcpSegment } from './tcp-segment.ts';
import { TcpStream, type StreamPiece } from './tcp-stream.ts';

/** A frame that was found in a capture. */
export interface FoundFrame {
  readonly connection: FoundConnection;
  readonly from: Side;
  readonly time: number | undefined;
  readonly captured: CapturedFrame;
}

/** A connection that speaks SPOP. */
export interface FoundConnection {
  /** The number of the connection, counted from 1 in the order in which they were found. */
  readonly number: number;
  /** `address:port` of each side. */
  readonly haproxy: string;
  readonly agent: string;
}

interface Direction {
  /** `address:port` of the sender. */
  readonly sender: string;
  readonly tcp: TcpStream;
  readonly frames: FrameStream;
  /** The sender's side; undefined before its first frame. */
  side: Side | undefined;
}

interface Connection {
  readonly directions: readonly [Direction, Direction];
  found: FoundConnection | undefined;
  hasData: boolean;
  isOver: boolean;
}

/** Finds SPOP in the packets of a capture: TCP connections with a side that begins, or goes on, with a valid frame. */
export class SpopFinder {
  /** The number of TCP connections. */
  connections: number = 0;
  /** The number of TCP connections that speak SPOP. */
  found: number = 0;
  /** The number of packets without TCP, or with only a part of a segment. */
  otherPackets: number = 0;
  readonly #maxFrameSize: number;
  readonly #open: Map<string, Connection> = new Map();
  #lastTime: number | undefined;

  constructor(maxFrameSize: number) {
    this.#maxFrameSize = maxFrameSize;
  }

  /** Takes the next packet. @returns The frames that it completes. */
  push(packet: Packet): FoundFrame[] {
    const segment = tcpSegmentOf(packet);
    this.#lastTime = packet.time;
    if (segment === undefined) {
      this.otherPackets++;
      return [];
    }
    const frames = this.#endBefore(segment);
    const connection = this.#connectionOf(segment);
    if (segment.payload.length > 0) connection.hasData = true;
    const [own, other] = directionsFrom(connection, segment.from);
    if (segment.ack !== undefined) frames.push(...this.#take(connection, other, other.tcp.acknowledge(segment.ack)));
    frames.push(...this.#take(connection, own, own.tcp.push(segment)));
    if (segment.isReset) frames.push(...this.#end(connection));
    return frames;
  }

  /** Ends the capture. @returns The incomplete frames. */
  end(): FoundFrame[] {
    return [...this.#open.values()].flatMap((connection) => this.#end(connection));
  }

  /** Ends a connection before a SYN, which begins another one with the same ports. */
  #endBefore(segment: TcpSegment): FoundFrame[] {
    const key = keyOf(segment);
    const known = this.#open.get(key);
    const isNew = segment.isSyn && segment.ack === undefined && known?.hasData === true;
    if (known === undefined || !isNew) return [];
    this.#open.delete(key);
    return this.#end(known);
  }

  #connectionOf(segment: TcpSegment): Connection {
    const key = keyOf(segment);
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const direction = (sender: string): Direction => ({
      sender,
      tcp: new TcpStream(),
      frames: new FrameStream(this.#maxFrameSize),
      side: undefined,
    });
    const directions = [direction(segment.from), direction(segment.to)] as const;
    const connection: Connection = { directions, found: undefined, hasData: false, isOver: false };
    this.connections++;
    this.#open.set(key, connection);
    return connection;
  }

  #take(connection: Connection, direction: Direction, pieces: readonly StreamPiece[]): FoundFrame[] {
    return pieces.flatMap((piece) => {
      const captured = 'bytes' in piece ? direction.frames.push(piece.bytes) : [direction.frames.skip(piece.missing)];
      return captured.flatMap((one) => this.#found(connection, direction, one));
    });
  }

  #found(connection: Connection, direction: Direction, captured: CapturedFrame): FoundFrame[] {
    if (direction.side === undefined && captured.frame !== undefined) {
      const isAgent = captured.frame.type.startsWith('A');
      if (captured.frame.type !== 'UNKNOWN') direction.side = isAgent ? 'agent' : 'haproxy';
    }
    const { side } = direction;
    // Bytes before the first valid frame may be anything.
    if (side === undefined) return [];
    connection.found ??= this.#number(connection, direction, side);
    return [{ connection: connection.found, from: side, time: this.#lastTime, captured }];
  }

  #number(connection: Connection, direction: Direction, side: Side): FoundConnection {
    const [{ sender }, { sender: other }] = directionsFrom(connection, direction.sender);
    const [haproxy, agent] = side === 'haproxy' ? [sender, other] : [other, sender];
    return { number: ++this.found, haproxy, agent };
  }

  #end(connection: Connection): FoundFrame[] {
    if (connection.isOver) return [];
    connection.isOver = true;
    return connection.directions.flatMap((direction) => {
      const frames = this.#take(connection, direction, direction.tcp.end());
      const last = direction.side === undefined ? undefined : direction.frames.end();
      return last === undefined ? frames : [...frames, ...this.#found(connection, direction, last)];
    });
  }
}

/** The direction from a sender, and the other one. */
function directionsFrom({ directions: [first, second] }: Connection, sender: string): [Direction, Direction] {
  return first.sender === sender ? [first, second] : [second, first];
}

function keyOf({ from, to }: TcpSegment): string {
  return [from, to].toSorted().join(' ');
}
