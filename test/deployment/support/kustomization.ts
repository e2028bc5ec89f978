import { readdirSync } from "node:fs";
import { environmentOf, ROOT, readYaml, readYamls } from "./files.ts";

export type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly envFrom?: readonly {
    readonly [kind in "configMapRef" | "secretRef"]?: { readonly name: string };
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly limits: Labels; readonly requests: Labels };
  readonly securityContext: unknown;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
  readonly spec: {
    readonly terminationGracePeriodSeconds?: number;
    readonly automountServiceAccountToken: boolean;
    readonly securityContext: unknown;
    readonly containers: readonly PodContainer[];
    readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  };
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: "In";
    readonly values: readonly string[];
  }[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}

interface Port {
  readonly protocol: "TCP" | "UDP";
  readonly port: number | string;
}

/** What a network policy lets some pods do. */
export interface NetworkRules {
  readonly podSelector: Selector;
  readonly policyTypes: readonly ("Ingress" | "Egress")[];
  readonly ingress?: readonly { readonly from: readonly Peer[]; readonly ports: readonly Port[] }[];
  readonly egress?: readonly { readonly to: readonly Peer[]; readonly ports: readonly Port[] }[];
}

export function matches({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ""))
  );
}

interface Metadata {
  readonly name: string;
  readonly labels?: Labels;
}

export type Resource =
  | { readonly kind: "Namespace"; readonly metadata: Metadata }
  | { readonly kind: "NetworkPolicy"; readonly metadata: Metadata; readonly spec: NetworkRules }
  | {
      readonly kind: "Deployment";
      readonly metadata: Metadata;
      readonly spec: { readonly selector: { readonly matchLabels: Labels }; readonly template: PodTemplate };
    }
  | {
      readonly kind: "CronJob";
      readonly metadata: Metadata;
      readonly spec: {
        readonly suspend?: boolean;
        readonly jobTemplate: { readonly spec: { readonly template: PodTemplate } };
      };
    }
  | {
      readonly kind: "PodDisruptionBudget";
      readonly metadata: Metadata;
      readonly spec: { readonly selector: { readonly matchLabels: Labels } };
    }
  | {
      readonly kind: "Service";
      readonly metadata: Metadata;
      readonly spec: {
        readonly selector: Labels;
        readonly ports: readonly {
          readonly name: string;
          readonly port: number;
          readonly targetPort: string;
        }[];
      };
    }
  | {
      readonly kind: "Ingress";
      readonly metadata: Metadata;
      readonly spec: {
        readonly rules: readonly {
          readonly http: {
            readonly paths: readonly {
              readonly backend: {
                readonly service: { readonly name: string; readonly port: { readonly name: string } };
              };
            }[];
          };
        }[];
      };
    };

interface Kustomization {
  readonly namespace: string;
  readonly resources: readonly string[];
  readonly images: readonly {
    readonly name: string;
    readonly newTag?: string;
    readonly digest?: string;
  }[];
  readonly replicas: readonly { readonly name: string; readonly count: number }[];
  readonly configMapGenerator: readonly {
    readonly name: string;
    readonly literals?: readonly string[];
    readonly files?: readonly string[];
  }[];
  readonly patches: readonly { readonly path: string; readonly target: { readonly labelSelector: string } }[];
}

const FOLDER = "infra/kubernetes";
export const kustomization = readYaml<Kustomization>(`${FOLDER}/kustomization.yaml`);

/** The files of the folder, and those of them that the kustomization names. */
export const files = readdirSync(ROOT + FOLDER);
export const namedFiles = [
  ...kustomization.resources,
  ...kustomization.patches.map(({ path }) => path),
  ...kustomization.configMapGenerator
    .flatMap((one) => one.files ?? [])
    .map((file) => file.split("=")[1] as string),
];

/** Settings in the config map that services are given. */
export const configMapSettings = environmentOf(
  kustomization.configMapGenerator.find(({ name }) => name === "taem")?.literals ?? [],
);

interface Named {
  readonly name: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isNamed = (list: unknown[]): list is Named[] => list.every((item) => isObject(item) && "name" in item);

/** The resources with the patches applied, as kustomize does it. */
export const resources: readonly Resource[] = kustomization.resources
  .flatMap((file) => readYamls<Resource>(`${FOLDER}/${file}`))
  .map((resource) => kustomization.patches.reduce(patched, resource));

function patched(resource: Resource, { path, target }: Kustomization["patches"][number]): Resource {
  const [label = "", value] = target.labelSelector.split("=");
  if (resource.metadata.labels?.[label] !== value) return resource;
  const { spec } = readYaml<{ readonly spec: object }>(`${FOLDER}/${path}`);
  return merged(resource, { spec }) as Resource;
}

/** Objects are merged, and so are lists whose items have names; of all else the patch's value counts. */
function merged(base: unknown, patch: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(patch) && isNamed(base) && isNamed(patch)) {
    const names = [...new Set([...base, ...patch].map(({ name }) => name))];
    const of = (list: Named[], name: string) => list.find((item) => item.name === name);
    return names.map((name) => merged(of(base, name), of(patch, name)));
  }
  if (!isObject(base) || !isObject(patch)) return patch ?? base;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(patch)])];
  return Object.fromEntries(keys.map((key) => [key, merged(base[key], patch[key])]));
}
