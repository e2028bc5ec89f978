import { describe, expect, test } from "vitest";
import { readEnvironment } from "./support/files.ts";
import { gatewayVariables } from "./support/gateway.ts";
import { mainOf, taemImage } from "./support/image.ts";
import {
  configMapSettings,
  files,
  kustomization,
  type Labels,
  namedFiles,
  type PodContainer,
  type PodTemplate,
  type Resource,
  resources,
} from "./support/kustomization.ts";
import { MONITOR_PATHS, settingsOf } from "./support/settings.ts";

const ofKind = <K extends Resource["kind"]>(kind: K) =>
  resources.filter((resource): resource is Extract<Resource, { kind: K }> => resource.kind === kind);

const deployments = ofKind("Deployment");
const pods: [string, PodTemplate][] = [
  ...deployments.map(({ metadata, spec }): [string, PodTemplate] => [metadata.name, spec.template]),
  ...ofKind("CronJob").map(({ metadata, spec }): [string, PodTemplate] => [
    metadata.name,
    spec.jobTemplate.spec.template,
  ]),
];
const ours = pods.filter(([, { spec }]) => spec.containers[0]?.image === "taem");
const containerOf = ({ spec }: PodTemplate) => spec.containers[0] as PodContainer;
const variablesOf = ({ env = [] }: PodContainer) =>
  Object.fromEntries(env.map(({ name, value }) => [name, value]));

/** Names of the deployments whose pods have these labels. */
const selected = (labels: Labels) =>
  deployments.flatMap(({ metadata, spec }) =>
    Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value)
      ? [metadata.name]
      : [],
  );

describe("the Kustomize base", () => {
  test("names every file of its folder", () => {
    expect([...namedFiles, "kustomization.yaml", "secret.env.example"].sort()).toEqual(files.sort());
  });

  test.each(ours)("gives %s settings that the configuration accepts", (name, pod) => {
    const container = containerOf(pod);
    const secret = readEnvironment("infra/kubernetes/secret.env.example");
    const settings = settingsOf({ ...configMapSettings, ...secret, ...variablesOf(container) });
    expect(settings.TAEM_PORT).toBe(taemImage.port);
    if (name !== "verify") {
      expect(container.args).toEqual([mainOf(name)]);
      const pause = Number(container.lifecycle?.preStop.exec.command.at(-1));
      expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(
        settings.TAEM_STOP_LIMIT / 1_000 + pause,
      );
    }
    expect(container.envFrom).toEqual([{ configMapRef: { name: "taem" } }, { secretRef: { name: "taem" } }]);
    expect(kustomization.images.map((image) => image.name)).toContain(container.image);
  });

  test("runs every service", () => {
    expect(ours.map(([name]) => name)).toEqual(["commands", "relay", "ledger", "scheduler", "verify"]);
  });

  test.each(deployments)(
    "$metadata.name selects its own pods, and has a disruption budget",
    ({ metadata, spec }) => {
      expect(selected(spec.selector.matchLabels)).toEqual([metadata.name]);
      const budgets = ofKind("PodDisruptionBudget").flatMap((budget) =>
        selected(budget.spec.selector.matchLabels),
      );
      expect(budgets.filter((name) => name === metadata.name)).toHaveLength(1);
    },
  );

  test.each(pods)("%s runs as nobody in particular and within limits", (name, { spec }) => {
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const {
      image,
      securityContext,
      resources: { limits, requests },
    } of spec.containers) {
      if (image === "taem") expect(spec.securityContext).toMatchObject({ runAsUser: taemImage.user });
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      expect(Object.keys(limits), name).toContain("memory");
      expect(Object.keys(requests).sort(), name).toEqual(["cpu", "memory"]);
    }
  });

  test.each(deployments)(
    "$metadata.name is probed and scraped where it serves",
    ({ metadata, spec: { template } }) => {
      const { ports, startupProbe, livenessProbe, readinessProbe } = containerOf(template);
      const isGateway = metadata.name === "gateway";
      const http = { name: "http", containerPort: taemImage.port };
      const { TAEM_METRICS_HOST, TAEM_METRICS_PORT } = settingsOf(configMapSettings);
      const metrics = { name: "metrics", containerPort: TAEM_METRICS_PORT };
      expect(ports).toEqual(isGateway ? [http] : [http, metrics]);
      const served = isGateway ? ["/gateway/live"] : MONITOR_PATHS;
      const probes = [livenessProbe, readinessProbe, ...(startupProbe === undefined ? [] : [startupProbe])];
      for (const probe of probes) {
        expect(probe?.httpGet.port).toBe(isGateway ? "http" : "metrics");
        expect(served).toContain(probe?.httpGet.path);
      }
      if (isGateway) return;
      expect(TAEM_METRICS_HOST).toBe(taemImage.environment["TAEM_HOST"]);
      const annotations = template.metadata.annotations ?? {};
      expect(annotations["prometheus.io/port"]).toBe(String(TAEM_METRICS_PORT));
      expect(served).toContain(annotations["prometheus.io/path"]);
    },
  );

  test("leads from the ingress by the gateway to the services", () => {
    const services = new Map(ofKind("Service").map((service) => [service.metadata.name, service.spec]));
    for (const [name, { selector, ports }] of services) {
      expect(selected(selector)).toEqual([name]);
      expect(ports.map(({ targetPort }) => targetPort)).toEqual(["http"]);
    }
    const backends = ofKind("Ingress").flatMap(({ spec }) =>
      spec.rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service)),
    );
    expect(backends).toEqual([{ name: "gateway", port: { name: services.get("gateway")?.ports[0]?.name } }]);

    const gateway = pods.find(([name]) => name === "gateway") as [string, PodTemplate];
    const { NGINX_ENVSUBST_FILTER: filter, ...variables } = variablesOf(containerOf(gateway[1]));
    for (const variable of gatewayVariables) expect(variable).toMatch(new RegExp(filter as string));
    for (const name of ["commands", "ledger"]) {
      const address = `${name}.${kustomization.namespace}.svc.cluster.local:${services.get(name)?.ports[0]?.port}`;
      expect(variables[`${name.toUpperCase()}_ADDRESS`]).toBe(address);
    }
  });

  test("refers to what is there: replicas, config maps, volumes", () => {
    const names = deployments.map(({ metadata }) => metadata.name);
    for (const { name } of kustomization.replicas) expect(names).toContain(name);
    const configMaps = kustomization.configMapGenerator.map(({ name }) => name);
    for (const [, { spec }] of pods) {
      const volumes = spec.volumes ?? [];
      const mounts = spec.containers.flatMap(({ volumeMounts = [] }) => volumeMounts.map(({ name }) => name));
      expect(mounts).toEqual(volumes.map(({ name }) => name));
      const maps = volumes.flatMap(({ configMap }) => (configMap === undefined ? [] : [configMap.name]));
      for (const map of maps) expect(configMaps).toContain(map);
    }
  });
});
