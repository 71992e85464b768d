/** The verdict of `haproxy -c` on the configurations that `spop lint` reports. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { lint } from '../../../builder/src/cli/lint/lint.ts';
import { brokenSources, CASES, mendedSources } from '../../../builder/test/cli/lint/cases.ts';
import type { Sources } from '../../../builder/src/cli/lint/subject.ts';

/** Whether HAProxy accepts a configuration, and its output. */
async function check(program: string, { haproxyText, spoeText }: Sources): Promise<{ isTaken: boolean; said: string }> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  const spoePath = folder.file('spoe.conf');
  writeFileSync(spoePath, spoeText);
  writeFileSync(folder.file('haproxy.cfg'), haproxyText.replace(/config \S+/, `config ${spoePath}`));
  return new Promise((resolve) => {
    execFile(program, ['-c', '-f', folder.file('haproxy.cfg')], (error, _, stderr) => {
      resolve({ isTaken: error === null, said: stderr });
    });
  });
}

describeHaproxies('haproxy -c', ({ program, version }) => {
  const isCrashing = /^(2\.6|3\.0)\./.test(version);

  it('accepts the configurations without a fault', async () => {
    for (const isTcp of [false, true]) {
      const at = ['spoe', ''] as const;
      expect(await check(program, mendedSources({ rule: '', at, isTcp }))).toMatchObject({ isTaken: true });
    }
  });

  it('refuses the configurations listed as refused, and accepts the others', async () => {
    const wrong: string[] = [];
    for (const each of CASES) {
      // HAProxy does not know the agent's definitions.
      if (each.definitions !== undefined || (each.haproxy ?? each.spoe) === undefined) continue;
      const [finding] = lint(brokenSources(each));
      const words = isCrashing ? / does not start| refuses | crash / : / does not start| refuses /;
      const isRefused = words.test(finding?.sentence ?? '');
      const { isTaken, said } = await check(program, brokenSources(each));
      if (isTaken === isRefused) wrong.push(`${each.rule} at ${each.at.join(': ')}: ${said}`);
    }
    expect(wrong).toEqual([]);
  });
});
