import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { at, type Fields, isFields, parseDocuments, patched, problemsOf, readFolder } from './documents.ts';

const FOLDER = readFolder();
const TOP = new URL('../../../../', import.meta.url);
/** Fields whose keys are free. */
const FREE = /\/(?:labels|matchLabels|annotations|data|limits|requests|environment|services|volumes|x-restricted)$/;

const all = [...FOLDER].flatMap(([file, documents]) =>
  documents.map((document) => ({
    name: `${file} ${typeof document['kind'] === 'string' ? document['kind'] : ''}`,
    document,
  })),
);

/** All objects in one, with their paths. */
function objectsIn(value: unknown, path: string = ''): [path: string, value: object][] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, each]) => objectsIn(each, `${path}/${key}`));
  return Array.isArray(value) ? inside : [[path, value], ...inside];
}

function find(kind: string, name: string): Fields {
  const found = all.find(({ document }) => document['kind'] === kind && at(document, 'metadata/name') === name);
  if (found === undefined) throw new Error(`expected a ${kind} ${name}`);
  return found.document;
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

describe.each(all)('$name', ({ document }) => {
  it('fits its schema', () => {
    expect(problemsOf(document)).toEqual([]);
  });

  it('allows no unknown field at any place', () => {
    const paths = objectsIn(document).map(([path]) => path);
    const taken = paths.filter((path) => {
      const planted = structuredClone(document);
      const [, object] = objectsIn(planted).find(([each]) => each === path) ?? [];
      Object.assign(object ?? {}, { planted: {} });
      return problemsOf(planted).length === 0;
    });
    expect(taken.filter((path) => !FREE.test(path))).toEqual([]);
    expect(paths.length).toBeGreaterThan(1);
  });
});

it.each(['kubernetes', 'openshift'])('of %s has patches that fit what they change', (overlay) => {
  const [kustomization] = FOLDER.get(`${overlay}/kustomization.yaml`) ?? [];
  for (const { patch } of Object.values((kustomization?.['patches'] ?? {}) as Record<string, { patch: string }>)) {
    const [change] = parseDocuments(patch);
    const name = at(change, 'metadata/name');
    const base = find(String(change?.['kind']), String(name));
    expect(problemsOf(patched(base, change ?? {}))).toEqual([]);
    const wrong = { ...change, spec: { ...(isFields(change?.['spec']) ? change['spec'] : {}), planted: 1 } };
    expect(problemsOf(patched(base, wrong))).toEqual(['unknown field /spec/planted']);
  }
});

it('describes the fault of a document', () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: [{ name: 'y' }] } };
  expect(problemsOf(service)).toEqual([expect.stringContaining('/spec/ports/0 must have required property port')]);
  expect(problemsOf({ ...service, spec: { portz: [] } })).toEqual(['unknown field /spec/portz']);
  expect(problemsOf({ ...service, kind: 'Servize' })).toEqual(['no schema of ["v1","Servize"]']);
  expect(problemsOf({ services: { x: { imagee: 'y' } } })).toEqual([expect.stringContaining('/services/x')]);
  expect(() => parseDocuments('a: 1\na: 2')).toThrow('Map keys must be unique');
});

it.each([
  ['Deployment', 'agent', 3],
  ['Deployment', 'haproxy', 3],
  ['StatefulSet', 'valkey', 3],
])('keeps the %s %s available', (kind, name, replicas) => {
  const workload = find(kind, name);
  const labels = { 'app.kubernetes.io/name': name };
  expect(workload).toMatchObject({
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels } } },
  });
  expect(at(workload, 'spec/template/spec/topologySpreadConstraints/0')).toMatchObject({
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: labels },
  });
  expect(find('PodDisruptionBudget', name)).toMatchObject({
    spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
  });
  expect(find('Service', name)).toMatchObject({ spec: { selector: labels } });
  const container = at(workload, 'spec/template/spec/containers/0');
  for (const probe of ['readinessProbe', 'livenessProbe']) expect(at(container, probe)).toBeDefined();
});

it('probes an agent with the command of the container', () => {
  const [, check = ''] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(read('Containerfile')) ?? [];
  for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const command = at(find('Deployment', 'agent'), `spec/template/spec/containers/0/${probe}/exec/command`);
    expect(command).toEqual(JSON.parse(check));
  }
});

it('builds the container with the pnpm of this repository', () => {
  const [used] = /pnpm@[\d.]+/.exec(readFileSync(new URL('.ci/with-node', TOP), 'utf8')) ?? [];
  expect(read('Containerfile')).toContain(`npx --yes ${used} install --frozen-lockfile`);
});

it.each([
  ['Deployment', 'agent'],
  ['Deployment', 'haproxy'],
  ['StatefulSet', 'valkey'],
  ['Job', 'form-cluster'],
])('has pods of the %s %s that are restricted and limited', (kind, name) => {
  const pod = at(find(kind, name), 'spec/template/spec');
  expect(pod).toMatchObject({ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } });
  const containers = Object.values(at(pod, 'containers') ?? {});
  expect(containers).not.toEqual([]);
  for (const container of containers) {
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    for (const kindOf of ['requests', 'limits']) {
      expect(Object.keys(at(container, `resources/${kindOf}`) ?? {})).toEqual(['cpu', 'memory']);
    }
  }
});

it('gives the store disks, and lets one server be down', () => {
  expect(at(find('StatefulSet', 'valkey'), 'spec/volumeClaimTemplates/0/metadata/name')).toBe('data');
  const lines = read('base/valkey.conf').split('\n');
  expect(lines).toEqual(
    expect.arrayContaining(['appendonly yes', 'appendfsync everysec', 'cluster-require-full-coverage no']),
  );
});

it('has HAProxy’s files as they are in the example', () => {
  for (const name of ['haproxy.cfg', 'spoe-gcra-rate-limit.conf']) {
    expect(read(`base/${name}`)).toBe(read(`../${name}`));
  }
});

it('names existing files and folders', () => {
  for (const overlay of ['kubernetes', 'openshift']) {
    const [application] = FOLDER.get(`argo-cd/${overlay}.yaml`) ?? [];
    const path = at(application, 'spec/source/path');
    expect(path).toMatch(new RegExp(`/${overlay}$`));
    expect(existsSync(new URL(`${String(path)}/kustomization.yaml`, TOP))).toBe(true);
  }
});
