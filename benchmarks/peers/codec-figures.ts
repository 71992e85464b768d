/** Decoding and encoding in memory, each in a loop of its own language. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoadTool } from '../load/load-tool.ts';
import type { PeerLane } from './lanes.ts';

export interface CodecFigure {
  readonly name: string;
  /** Nanoseconds of CPU time per operation. */
  readonly ns: number;
  /** Bytes allocated per operation. */
  readonly bytes: number;
}

/** The output of a lane's codec program; nothing without one. */
export async function measureCodec(lane: PeerLane, tool: LoadTool): Promise<CodecFigure[]> {
  if (lane.codec === undefined) return [];
  const { program, args } = lane.codec;
  const files = [tool.trafficFile('tiny'), tool.trafficFile('realistic')];
  const { stdout } = await promisify(execFile)(program, [...args, ...files], { timeout: 120_000 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CodecFigure);
}
