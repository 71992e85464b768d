import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

/**
 * `node .ci/api-report.ts [--update]`: compares the exports of each built entry point with its report under version
 * control (`packages/<name>/etc/*.api.md`), so that every change of the public interface is noticed. An export or a member
 * without a docstring fails as well.
 */

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}

/** The declaration files of a package's entry points, relative to its folder, except those that only our own packages use. */
function entryPoints(projectFolder: string): string[] {
  const manifest = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as Manifest;
  return Object.entries(manifest.exports).flatMap(([name, target]) =>
    typeof target === 'string' || name === './internal' ? [] : [target.types],
  );
}

/** The exports of a package's main entry point, from its report. */
function mainNames(projectFolder: string): Set<string> {
  const report = readFileSync(join(projectFolder, `etc/${basename(projectFolder)}.api.md`), 'utf8');
  return new Set(
    [...report.matchAll(/^export (?:abstract )?(?:class|const|function|interface|type) (\w+)/gm)].map(
      ([, name = '']) => name,
    ),
  );
}

/** Whether an entry point equals its report; with `update`, the report is rewritten instead. */
function matchesReport(projectFolder: string, entryPoint: string, update: boolean): boolean {
  const mainEntryPointFilePath = join(projectFolder, entryPoint);
  const reportFolder = join(projectFolder, 'etc');
  const reportTempFolder = join(projectFolder, 'node_modules/.cache/api');
  const reportFileName = `${basename(entryPoint, '.d.ts').replace('index', basename(projectFolder))}.api.md`;
  mkdirSync(reportFolder, { recursive: true });
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            lib: ['es2024', 'esnext.disposable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files: [mainEntryPointFilePath],
        },
      },
      apiReport: { enabled: true, reportFileName, reportFolder, reportTempFolder },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      messages: {
        extractorMessageReporting: {
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.Error, addToApiReportFile: false },
          'ae-undocumented': { logLevel: ExtractorLogLevel.Error, addToApiReportFile: false },
        },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, 'package.json'),
  });
  const { succeeded } = Extractor.invoke(extractorConfig, {
    localBuild: update,
    // If an interface and its report differ, the difference says more than the tool's message.
    messageCallback: (message) => {
      if (message.messageId.startsWith('console-')) message.handled = true;
      // The types of one entry point may be imported from the main one.
      const [, forgotten = ''] = /^The symbol "(\w+)"/.exec(message.text) ?? [];
      const isForgotten = message.messageId === 'ae-forgotten-export';
      const isElsewhere = isForgotten && !entryPoint.includes('index') && mainNames(projectFolder).has(forgotten);
      if (isElsewhere) message.logLevel = ExtractorLogLevel.None;
      else if (isForgotten) console.error(message.text);
    },
  });
  if (!succeeded) {
    const paths = [join(reportFolder, reportFileName), join(reportTempFolder, reportFileName)];
    spawnSync('git', ['--no-pager', 'diff', '--no-index', '--', ...paths], { stdio: 'inherit' });
  }
  return succeeded;
}

const update = process.argv.includes('--update');
for (const name of ['codec', 'builder', 'agent']) {
  const projectFolder = resolve(import.meta.dirname, '../packages', name);
  for (const entryPoint of entryPoints(projectFolder)) {
    if (matchesReport(projectFolder, entryPoint, update)) continue;
    console.error(`@spop/${name}, ${entryPoint}: not as reported; run \`pnpm run api:update\` and read the difference`);
    process.exitCode = 1;
  }
}
