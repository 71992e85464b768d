import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A value in a capture's JSON: integers are decimal strings, long values have only a digest (test/fixtures/README.md). */
export interface CapturedValue {
  readonly name: string;
  readonly type: string;
  readonly value?: string | boolean;
  readonly hex?: string;
  readonly length?: number;
  readonly sha256?: string;
}

export interface CapturedMessage {
  readonly name: string;
  readonly args: readonly CapturedValue[];
}

export interface CapturedFrame {
  readonly offset: number;
  readonly length: number;
  readonly typeName: string;
  readonly flags: number;
  readonly fin: boolean;
  readonly streamId: number;
  readonly frameId: number;
  readonly kv?: readonly CapturedValue[];
  readonly messages?: readonly CapturedMessage[];
  readonly payload?: { readonly length: number; readonly sha256: string };
}

export interface Capture {
  readonly label: string;
  readonly release: string;
  readonly case: string;
  /** Every byte that HAProxy sent on one connection. */
  readonly bytes: Uint8Array;
  readonly frames: readonly CapturedFrame[];
  readonly reassembled?: readonly { readonly aborted?: boolean; readonly messages?: readonly CapturedMessage[] }[];
  readonly agent_sent: readonly { readonly after_rx_bytes: number; readonly hex: string }[];
}

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));

/** All captures of real HAProxy, with what their bytes mean. */
export function readCaptures(): Capture[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.bin'));
  return names.toSorted().map((name) => {
    const label = name.slice(0, -'.bin'.length);
    const described = JSON.parse(readFileSync(`${folder}${label}.json`, 'utf8')) as Omit<Capture, 'label' | 'bytes'>;
    const bytes = new Uint8Array(readFileSync(`${folder}${name}`));
    return { ...described, label, release: label.split('/')[0] ?? '', bytes };
  });
}
