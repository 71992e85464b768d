import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';

/**
 * `node .ci/api-report.ts [--update]`: compares what each package exports, as built, with its report under version
 * control (`packages/<name>/etc/<name>.api.md`), so that no change of the public interface goes unseen in a review.
 */
function matchesReport(name: string, update: boolean): boolean {
  const projectFolder = resolve(import.meta.dirname, '../packages', name);
  const reportFolder = join(projectFolder, 'etc');
  mkdirSync(reportFolder, { recursive: true });
  const extractorConfig = ExtractorConfig.prepare({
    configObject: {
      projectFolder,
      mainEntryPointFilePath: join(projectFolder, 'dist/index.d.ts'),
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
          files: [join(projectFolder, 'dist/index.d.ts')],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder,
        reportTempFolder: join(projectFolder, 'node_modules/.cache/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, 'package.json'),
  });
  const result = Extractor.invoke(extractorConfig, { localBuild: update, showVerboseMessages: false });
  return result.succeeded;
}

const update = process.argv.includes('--update');
for (const name of ['codec', 'builder', 'agent']) {
  if (!matchesReport(name, update)) process.exitCode = 1;
}
