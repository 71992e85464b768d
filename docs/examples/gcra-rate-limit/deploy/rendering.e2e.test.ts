import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { at, type Fields, isFields, parseDocuments, problemsOf } from './documents.ts';

const KUSTOMIZE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.0';
/** Go compiles it the first time. */
const TIMEOUT_MS = 400_000;
const missing = spawnSync('go', ['version']).error === undefined ? '' : ', left out: there is no Go on this machine';

async function render(overlay: string): Promise<readonly Fields[]> {
  const folder = `${import.meta.dirname}/${overlay}`;
  const { stdout } = await promisify(execFile)('go', ['run', KUSTOMIZE, 'build', folder], { maxBuffer: 1 << 24 });
  return parseDocuments(stdout);
}

/** Names, with the hash that Kustomize gives to a ConfigMap. */
function namesOf(documents: readonly Fields[], kind: string): unknown[] {
  return documents.filter((each) => each['kind'] === kind).map((each) => at(each, 'metadata/name'));
}

/** All values of these keys, anywhere. */
function valuesOf(value: unknown, keys: readonly string[]): unknown[] {
  if (!isFields(value)) return [];
  return Object.entries(value).flatMap(([key, each]): unknown[] => [
    ...(keys.includes(key) ? [each] : []),
    ...valuesOf(each, keys),
  ]);
}

describe.skipIf(missing !== '')(`the output of Kustomize${missing}`, () => {
  it.each([
    ['kubernetes', 5],
    ['openshift', 0],
  ])(
    'is valid and whole, and has users by number unless the cluster assigns them: %s',
    { timeout: TIMEOUT_MS },
    async (overlay, users) => {
      const documents = await render(overlay);
      for (const document of documents) {
        expect({ document, problems: problemsOf(document) }).toEqual({ document, problems: [] });
        if (document['kind'] !== 'Namespace') expect(at(document, 'metadata/namespace')).toBe('gcra-rate-limit');
      }
      expect(namesOf(documents, 'Deployment')).toEqual(['agent', 'haproxy']);
      expect(namesOf(documents, 'StatefulSet')).toEqual(['valkey']);
      expect(namesOf(documents, 'PodDisruptionBudget')).toEqual(['agent', 'haproxy', 'valkey']);
      expect(namesOf(documents, 'Ingress')).toEqual(overlay === 'openshift' ? ['haproxy'] : []);
      const files = valuesOf(documents, ['configMap', 'configMapRef']).map((each) => at(each, 'name'));
      expect(namesOf(documents, 'ConfigMap')).toEqual(expect.arrayContaining([...new Set(files)]));
      expect(valuesOf(documents, ['runAsUser', 'fsGroup'])).toHaveLength(users);
      for (const each of valuesOf(documents, ['pod-security.kubernetes.io/enforce'])) expect(each).toBe('restricted');
    },
  );
});
