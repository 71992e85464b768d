import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionsOf } from '../../../src/cli/definitions.ts';
import { lint } from '../../../src/cli/lint/lint.ts';
import { parseHaproxyFile } from '../../../src/cli/lint/haproxy-file.ts';
import { haproxyConfiguration, spoeConfiguration } from '../../../src/cli/spoe-configuration.ts';
import { DEFINITIONS } from './configurations.ts';

const root = join(import.meta.dirname, '../../../../..');
const examples = globSync('docs/examples/*/haproxy*.cfg', { cwd: root });

/**
 * Intended findings in the examples: remediation keeps the arguments of CrowdSec's configuration, some of which its agent does
 * not read, and two of its configurations send fewer messages.
 */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  'docs/examples/remediation': ['argument-undeclared', 'optional-argument-not-sent', 'message-not-sent'],
};

/** The blocks of a page that are configurations, by the names in their first lines. */
function blocksOf(page: string): Map<string, string> {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^```\n# (\S+)\n([^]*?)^```$/gm)];
  return new Map(blocks.map(([, name = '', body = '']) => [name, body]));
}

describe('nothing is found', () => {
  it.each(examples)('in %s', async (path) => {
    const haproxyText = readFileSync(join(root, path), 'utf8');
    const [config = ''] = parseHaproxyFile(haproxyText).filters.map((filter) => filter.config);
    const folder = join(root, dirname(path));
    const findings = lint({
      haproxyText,
      spoeText: readFileSync(join(folder, config), 'utf8'),
      spoePath: config,
      definitions: await definitionsOf(join(folder, 'messages.ts')),
      deadlineMs: 100,
    });
    const meant = MEANT[dirname(path)] ?? [];
    expect(findings.filter(({ rule }) => !meant.includes(rule))).toEqual([]);
  });

  it('in several examples', () => {
    expect(examples.map((path) => basename(path)).length).toBeGreaterThan(5);
  });

  it("in the agent's README", () => {
    const blocks = blocksOf('packages/agent/README.md');
    const [haproxyText = '', spoeText = ''] = [blocks.get('haproxy.cfg'), blocks.get('spoe.conf')];
    expect(spoeText).toContain('spoe-agent');
    expect(lint({ haproxyText, spoeText, spoePath: 'spoe.conf' })).toEqual([]);
  });

  it.each(['2.6', '3.0', '3.1', '3.2', '3.4'])(
    'worse than a note in the output of spop init for HAProxy %s',
    (release) => {
      const plan = {
        definitions: DEFINITIONS,
        name: 'checks',
        variablePrefix: 'checks',
        agentAddress: '127.0.0.1:9000',
        release,
        isApplet: release === '2.6' || release === '3.0',
        spoeFile: 'spoe-checks.conf',
      };
      const findings = lint({
        haproxyText: haproxyConfiguration(plan),
        spoeText: spoeConfiguration(plan),
        spoePath: plan.spoeFile,
        definitions: DEFINITIONS,
        release,
        deadlineMs: 100,
      });
      expect(findings).toEqual([]);
    },
  );
});
