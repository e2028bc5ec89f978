import { problemsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";
import { describe, expect, test } from "vitest";
import { assertNoPlaintext } from "../../packages/host/src/plaintext.ts";
import { defaultLimits } from "../../packages/http/src/limits.ts";
import { problemTitle } from "../../packages/http/src/problems.ts";
import { readEnvironment, readText } from "./support/files.ts";
import { gatewayVariables } from "./support/gateway.ts";
import { mainOf, taemImage } from "./support/image.ts";
import {
  configMapSettings,
  files,
  kustomization,
  type Labels,
  matches,
  namedFiles,
  type PodContainer,
  type PodTemplate,
  type Resource,
  resources,
} from "./support/kustomization.ts";
import { MONITOR_PATHS, settingsOf } from "./support/settings.ts";

const ofKind = <K extends Resource["kind"]>(kind: K) =>
  resources.filter((resource): resource is Extract<Resource, { kind: K }> => resource.kind === kind);

/** Secrets, and what they are made of. */
const EXAMPLES: Readonly<Record<string, string>> = {
  taem: "infra/kubernetes/secret.env.example",
  "taem-migration": "infra/kubernetes/migration.env.example",
};
const JOBS = ["verify", "migrate"];
/** Made by who runs it. */
const FOREIGN_CONFIG_MAPS = ["taem-authorities"];

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
    const examples = ["secret.env.example", "migration.env.example"];
    expect([...namedFiles, "kustomization.yaml", ...examples].sort()).toEqual(files.sort());
  });

  test.each(ours)("gives %s settings that the configuration accepts", (name, pod) => {
    const container = containerOf(pod);
    const secrets = ["taem", ...(name === "migrate" ? ["taem-migration"] : [])];
    const settings = settingsOf({
      ...configMapSettings,
      ...Object.assign({}, ...secrets.map((secret) => readEnvironment(EXAMPLES[secret] as string))),
      ...variablesOf(container),
    });
    expect(settings.TAEM_PORT).toBe(taemImage.port);
    // Whoever makes tables is nobody who serves.
    expect(settings.TAEM_MIGRATION_URL !== undefined).toBe(name === "migrate");
    expect(settings.TAEM_PLAINTEXT).toBeUndefined();
    if (!JOBS.includes(name)) {
      expect(container.args).toEqual([mainOf(name)]);
      const pause = Number(container.lifecycle?.preStop.exec.command.at(-1));
      expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(
        settings.TAEM_STOP_LIMIT / 1_000 + pause,
      );
      // A process that waits for its servers is not taken for one that has failed.
      const { periodSeconds = 0, failureThreshold = 0 } = container.startupProbe ?? {};
      expect(periodSeconds * failureThreshold).toBeGreaterThan(settings.TAEM_START_LIMIT / 1_000);
    }
    const given = secrets.map((secret) => ({ secretRef: { name: secret } }));
    expect(container.envFrom).toEqual([{ configMapRef: { name: "taem" } }, ...given]);
  });

  test("speaks to no server in clear, and finds the authorities where they are mounted", async () => {
    const mounts = ours.flatMap(([, pod]) => containerOf(pod).volumeMounts ?? []);
    expect(new Set(mounts.map(({ mountPath }) => mountPath))).toEqual(new Set(["/etc/taem/authorities"]));
    expect(mounts).toHaveLength(ours.length);
    const settings = {
      ...configMapSettings,
      ...Object.assign({}, ...Object.values(EXAMPLES).map(readEnvironment)),
    };
    const named = Object.values<string>(settings).flatMap((value) => value.match(/\/[\w/-]+\.pem/g) ?? []);
    expect(new Set(named)).toEqual(
      new Set(["eventstore", "kafka", "postgres"].map((server) => `/etc/taem/authorities/${server}.pem`)),
    );
    // Their files are in the cluster alone.
    const withoutFiles = Object.entries<string>(settings).map(([name, value]) => [
      name,
      value.replace(/&sslrootcert=[^&]+/, ""),
    ]);
    await expect(assertNoPlaintext(settingsOf(Object.fromEntries(withoutFiles)))).resolves.toBeUndefined();
  });

  test("names every image by a tag or a digest, in one place", () => {
    const images = new Set(pods.flatMap(([, { spec }]) => spec.containers.map(({ image }) => image)));
    expect([...images].sort()).toEqual(kustomization.images.map(({ name }) => name).sort());
    for (const { name, newTag, digest } of kustomization.images) {
      expect(newTag ?? digest, name).toBeDefined();
      if (digest !== undefined) expect(digest, name).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(newTag, name).not.toBe("latest");
    }
  });

  test("runs every service", () => {
    expect(ours.map(([name]) => name)).toEqual(["commands", "relay", "ledger", "scheduler", ...JOBS]);
    // By an operator alone.
    expect(ofKind("CronJob").map(({ metadata, spec }) => [metadata.name, spec.suspend ?? false])).toEqual([
      ["verify", false],
      ["migrate", true],
    ]);
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
      const secret = readEnvironment("infra/kubernetes/secret.env.example");
      const { TAEM_METRICS_HOST, TAEM_METRICS_PORT } = settingsOf({ ...configMapSettings, ...secret });
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
      for (const map of maps) expect([...configMaps, ...FOREIGN_CONFIG_MAPS]).toContain(map);
    }
  });
});

describe("the network policies", () => {
  const policies = ofKind("NetworkPolicy").map(({ spec }) => spec);
  const labelsOf = (name: string) =>
    (pods.find(([one]) => one === name) as [string, PodTemplate])[1].metadata.labels;
  const policiesOf = (name: string) =>
    policies.filter(({ podSelector }) => matches(podSelector, labelsOf(name)));
  const portNames = ({ ports = [] }: PodContainer) => ports.map((port) => port.name);

  test("refuse all that they do not name, both ways", () => {
    expect(policies).toContainEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    for (const { policyTypes, ingress = [], egress = [] } of policies) {
      expect(ingress.length === 0 || policyTypes.includes("Ingress")).toBe(true);
      expect(egress.length === 0 || policyTypes.includes("Egress")).toBe(true);
      for (const { from, ports } of ingress) expect([from.length, ports.length]).not.toContain(0);
      for (const { to, ports } of egress) expect([to.length, ports.length]).not.toContain(0);
    }
  });

  test.each([
    ["commands", [53, 2113, 5432]],
    ["relay", [53, 2113, 5432, 9093]],
    ["ledger", [53, 2113, 5432, 9093]],
    ["scheduler", [53, 2113, 5432, 9093]],
    ["verify", [53, 2113, 5432]],
    ["migrate", [53, 5432]],
    ["gateway", [53, "http"]],
  ])("let %s out to the servers that it needs", (name, expected) => {
    const ports = policiesOf(name).flatMap(({ egress = [] }) => egress.flatMap((rule) => rule.ports));
    const numbers = [...new Set(ports.map(({ port }) => port))];
    expect(numbers.sort()).toEqual([...expected].sort());
  });

  test("know the ports at which the servers are", () => {
    const secret = readEnvironment("infra/kubernetes/secret.env.example");
    const { KAFKA_BROKERS: brokers = "" } = configMapSettings;
    const known = [secret["DATABASE_URL"], secret["EVENTSTORE_URL"], `kafka://${brokers}`].map(
      (url) => new URL(url as string).port,
    );
    expect(known).toEqual(["5432", "2113", "9093"]);
  });

  test.each([
    ["commands", ["gateway", "monitoring"]],
    ["ledger", ["gateway", "monitoring"]],
    ["relay", ["monitoring"]],
    ["scheduler", ["monitoring"]],
    ["gateway", ["ingress-nginx"]],
    ["verify", []],
    ["migrate", []],
  ])("let nobody in to %s but %j, where it listens", (name, expected) => {
    const [, pod] = pods.find(([one]) => one === name) as [string, PodTemplate];
    const rules = policiesOf(name).flatMap(({ ingress = [] }) => ingress);
    const callers = rules.flatMap(({ from }) =>
      from.flatMap(({ podSelector, namespaceSelector }) => [
        ...(podSelector === undefined ? [] : selected(podSelector.matchLabels ?? {})),
        ...Object.values(namespaceSelector?.matchLabels ?? {}),
      ]),
    );
    expect(callers.sort()).toEqual(expected);
    for (const { port } of rules.flatMap((rule) => rule.ports))
      expect(portNames(containerOf(pod))).toContain(port);
  });
});

describe("the gateway's configuration", () => {
  const conf = readText("infra/kubernetes/gateway.conf.template");

  test("takes every body that the services take, and not every body", () => {
    const sizes = [...conf.matchAll(/client_max_body_size (\d+)([kmg]);/g)].map(
      ([, size, unit]) => Number(size) * 1024 ** ("kmg".indexOf(unit as string) + 1),
    );
    expect(sizes).toHaveLength(2);
    for (const size of sizes) expect(size).toBeGreaterThanOrEqual(defaultLimits.maxBodyBytes);
    expect(conf).not.toContain("client_max_body_size 0");
  });

  test("limits callers by their address, which is not what they say that it is", () => {
    expect(conf).toMatch(/limit_req_zone \$binary_remote_addr .*rate=/);
    expect(conf).toMatch(/limit_conn_zone \$binary_remote_addr /);
    expect(conf).toMatch(/^ {2}limit_req zone=requests /m);
    expect(conf).toMatch(/^ {2}limit_conn connections /m);
    expect(conf).toMatch(/^ {2}set_real_ip_from \$\{INGRESS_NETWORK\};$/m);
    expect(conf).toContain("proxy_set_header X-Forwarded-For $remote_addr;");
  });

  test.each(["body_too_large", "overloaded"] as const)("answers %s as the services do", (code) => {
    const answer = new RegExp(`location @${code} \\{.*?return (\\d+) '(.+?)';`, "s").exec(conf);
    const { status, description: detail, retryable } = problemsOf(contexts).get(code);
    expect(JSON.parse(answer?.[2] ?? "{}")).toEqual({
      ...{ type: `/problems/${code}`, title: problemTitle(code), status, code, detail, retryable },
    });
    expect(answer?.[1]).toBe(String(status));
    expect(conf).toContain(`error_page ${status} @${code};`);
  });
});
