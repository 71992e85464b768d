/**
 * Draws the pictures of the examples: two questions, the agent with what it knows, and what becomes of them. They have no background,
 * and colours that can be read on a light page and on a dark one. `pnpm exec vitest run docs/pictures -u` writes them.
 */
const COLOURS = { plain: '#57606a', agent: '#0969da', pass: '#1a7f37', wait: '#9a6700', deny: '#cf222e' } as const;

type Outcome = 'pass' | 'wait' | 'deny';
type Row = readonly [question: string, outcome: Outcome, answer: string];

interface Scene {
  /** What the agent decides by. */
  readonly knows: string;
  readonly rows: readonly [Row, Row];
}

/** One for each folder of docs/examples that has an agent. */
export const SCENES: Readonly<Record<string, Scene>> = {
  'ip-reputation': {
    knows: 'table of scores',
    rows: [
      ['from 10.1.2.3', 'deny', 'score 100: 403'],
      ['from 192.0.2.10', 'pass', 'score 0: site'],
    ],
  },
  'ip-blocklist': {
    knows: '1,000,000 addresses',
    rows: [
      ['from 10.1.2.3', 'deny', 'listed: 403'],
      ['from 192.0.2.10', 'pass', 'not listed: site'],
    ],
  },
  'gcra-rate-limit': {
    knows: 'when the next is due',
    rows: [
      ['requests 1 to 3', 'pass', 'in time: site'],
      ['request 4', 'wait', '429, retry after 1 s'],
    ],
  },
  'request-inspection': {
    knows: 'rules',
    rows: [
      ["?q=' UNION select", 'deny', 'rule 942100: 403'],
      ['?q=shoes', 'pass', 'no rule: site'],
    ],
  },
  routing: {
    knows: 'routes',
    rows: [
      ['x-tenant: acme', 'pass', 'backend acme'],
      ['1 user of 10', 'pass', 'backend shop-canary'],
    ],
  },
  'header-enrichment': {
    knows: 'networks',
    rows: [
      ['from 192.0.2.1', 'pass', 'x-client-network'],
      ['its response', 'pass', 'x-client-region'],
    ],
  },
  tls: {
    knows: 'certificates',
    rows: [
      ['HAProxy, ours', 'pass', 'answers over TLS'],
      ['somebody else', 'deny', 'no connection'],
    ],
  },
  remediation: {
    knows: "CrowdSec's decisions",
    rows: [
      ['attacked before', 'deny', 'ban: 403'],
      ['looks suspicious', 'wait', 'captcha'],
    ],
  },
  'browser-validation': {
    knows: 'proof of work',
    rows: [
      ['first visit', 'wait', 'browser computes'],
      ['with the cookie', 'pass', 'site'],
    ],
  },
};

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function box(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}"/>`;
}

function text(x: number, y: number, content: string, size: number): string {
  return `<text x="${x}" y="${y}" font-size="${size}">${escape(content)}</text>`;
}

function arrow(x: number, y: number): string {
  return `<path d="M${x} ${y}h18m-5-4 5 4-5 4" fill="none" stroke="#7d8590" stroke-width="2"/>`;
}

/** The picture of a scene. */
export function draw({ knows, rows }: Scene): string {
  const lines = rows.flatMap(([question, outcome, answer], row) => {
    const y = 2 + row * 32;
    return [
      box(0, y, 132, 26, COLOURS.plain) + text(66, y + 17, question, 12),
      arrow(136, y + 13) + arrow(302, y + 13),
      box(324, y, 154, 26, COLOURS[outcome]) + text(401, y + 17, answer, 12),
    ];
  });
  const title = `${rows.map(([question, , answer]) => `${question}: ${answer}`).join('; ')}. By ${knows}.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 478 62" width="478" height="62" role="img">`,
    `<title>${escape(title)}</title>`,
    `<g fill="#fff" stroke-linecap="round" text-anchor="middle" font-family="system-ui, sans-serif">`,
    ...lines,
    box(158, 2, 140, 58, COLOURS.agent) + text(228, 26, 'agent', 14) + text(228, 46, knows, 12),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}
