import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { kafkaVersion } from "../../infra/kafka/class-path.ts";
import { ROOT, readEnvironment, readText, readYaml } from "./support/files.ts";
import { gatewayVariables } from "./support/gateway.ts";
import { mainOf, taemImage } from "./support/image.ts";
import { SERVED_PATHS, settingsOf } from "./support/settings.ts";

interface Container {
  readonly image: string;
  readonly profiles: readonly string[];
  readonly command?: readonly string[];
  readonly build?: {
    readonly context: string;
    readonly dockerfile: string;
    readonly args: Readonly<Record<string, string>>;
  };
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly security_opt: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck: { readonly test: readonly string[]; readonly start_period?: string };
}

interface Compose {
  readonly services: Readonly<Record<string, Container>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const { services, volumes } = readYaml<Compose>("docker-compose.yml");
const containers = Object.entries(services);
const ours = containers.filter(([, { build }]) => build !== undefined);

/** What the examples of its files and its own environment give a container. */
const variablesOf = ({ env_file = [], environment = {} }: Container) => ({
  ...Object.assign({}, ...env_file.map((file) => readEnvironment(`${file}.example`))),
  ...environment,
});

const isIgnored = (file: string) =>
  execFileSync("git", ["check-ignore", file], { cwd: ROOT, encoding: "utf8" }).trim() === file;

describe("compose", () => {
  test.each(ours)("gives %s settings that the configuration accepts", (name, container) => {
    const settings = settingsOf(variablesOf(container));
    expect(container.command).toEqual([mainOf(name)]);
    expect(Number.parseInt(container.stop_grace_period ?? "", 10) * 1_000).toBeGreaterThan(
      settings.TAEM_STOP_LIMIT,
    );
    // A process that waits for its servers is not taken for one that has failed.
    expect(Number.parseInt(container.healthcheck.start_period ?? "", 10) * 1_000).toBeGreaterThan(
      settings.TAEM_START_LIMIT,
    );
    expect(container.healthcheck.test.join(" ")).toContain(
      `http://127.0.0.1:${settings.TAEM_PORT}/health/ready`,
    );
  });

  test("builds one image from what is there", () => {
    expect(ours.map(([name]) => name)).toEqual(["commands", "relay", "ledger", "scheduler"]);
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1);
    for (const [, { build }] of ours)
      expect(existsSync(`${ROOT}${build?.context}/${build?.dockerfile}`)).toBe(true);
    expect(SERVED_PATHS).toContain("/health/ready");
  });

  test("connects the services with the servers it starts", () => {
    const {
      POSTGRES_USER: user,
      POSTGRES_PASSWORD: password,
      POSTGRES_DB: name,
    } = variablesOf(services["postgres"]!);
    const advertised = services["kafka"]!.environment?.["KAFKA_ADVERTISED_LISTENERS"];
    for (const [, container] of ours) {
      const { DATABASE_URL, EVENTSTORE_URL, KAFKA_BROKERS } = variablesOf(container);
      expect(DATABASE_URL).toBe(`postgres://${user}:${password}@postgres:5432/${name}`);
      expect(EVENTSTORE_URL).toBe("esdb://eventstore:2113?tls=false");
      expect(advertised).toContain(`PLAINTEXT://${KAFKA_BROKERS},`);
    }
    const { COMMANDS_ADDRESS, LEDGER_ADDRESS } = variablesOf(services["gateway"]!);
    expect([COMMANDS_ADDRESS, LEDGER_ADDRESS]).toEqual([
      `commands:${taemImage.port}`,
      `ledger:${taemImage.port}`,
    ]);
  });

  test("gives the gateway every variable of its template", () => {
    const { NGINX_ENVSUBST_FILTER: filter, ...variables } = variablesOf(services["gateway"]!);
    // Set by the image's own entry point, where it is asked to.
    const given = [...Object.keys(variables), "NGINX_LOCAL_RESOLVERS"];
    expect(variables["NGINX_ENTRYPOINT_LOCAL_RESOLVERS"]).toBe("1");
    for (const variable of gatewayVariables) {
      expect(given).toContain(variable);
      expect(variable).toMatch(new RegExp(filter.replace("$$", "$")));
    }
  });

  test.each(containers)(
    "%s waits for what is there and has a health check, in its own profiles",
    (_, container) => {
      for (const [name, { condition }] of Object.entries(container.depends_on ?? {})) {
        expect(services[name]?.profiles).toEqual(expect.arrayContaining([...container.profiles]));
        expect(condition).toBe("service_healthy");
      }
      expect(container.healthcheck.test[0]).toMatch(/^CMD(-SHELL)?$/);
    },
  );

  test("starts the servers alone in the profile infra, and everything in the profile taem", () => {
    const inProfile = (profile: string) =>
      containers.flatMap(([name, { profiles }]) => (profiles.includes(profile) ? [name] : []));
    expect(inProfile("infra")).toEqual(["eventstore", "kafka", "postgres"]);
    expect(inProfile("taem")).toEqual(Object.keys(services));
  });

  test("mounts only volumes that are declared and files that are there, and declares no others", () => {
    const sources = containers.flatMap(([, container]) =>
      (container.volumes ?? []).map((one) => one.split(":")[0]!),
    );
    for (const source of sources.filter((one) => one.startsWith(".")))
      expect(existsSync(ROOT + source)).toBe(true);
    expect(sources.filter((one) => !one.startsWith("."))).toEqual(Object.keys(volumes));
  });

  test("lets each image of others be named by its digest", () => {
    for (const [name, { image, build }] of containers)
      if (build === undefined) expect(image, name).toMatch(/^\$\{[A-Z]+_IMAGE:-[\w/.-]+:[\w.-]+\}$/);
      else expect(build.args).toEqual({ NODE_IMAGE: `\${NODE_IMAGE:-${taemImage.base}}` });
  });

  test("gives nobody more rights than he begins with, and what takes callers nothing to write to", () => {
    for (const [name, { security_opt, read_only, profiles }] of containers) {
      expect(security_opt, name).toEqual(["no-new-privileges:true"]);
      if (!profiles.includes("infra")) expect(read_only, name).toBe(true);
    }
  });

  test("allows connections in clear, on networks that nobody else is on, and says so in one place", () => {
    for (const [name, { environment }] of containers)
      expect(environment?.["TAEM_PLAINTEXT"], name).toBe(
        ours.some(([one]) => one === name) ? "allow" : undefined,
      );
    for (const file of ["infra/Dockerfile", "infra/kubernetes/kustomization.yaml", "package.json"])
      expect(readText(file), file).not.toContain("TAEM_PLAINTEXT");
  });

  test("publishes ports on the machine itself alone", () => {
    const ports = containers.flatMap(([, container]) => container.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test("runs the Kafka that the tests run, and keeps secrets out of the repository", async () => {
    expect(services["kafka"]!.image).toBe(`\${KAFKA_IMAGE:-apache/kafka:${await kafkaVersion()}}`);
    const secrets = new Set(containers.flatMap(([, container]) => container.env_file ?? []));
    expect(secrets.size).toBe(2);
    for (const file of secrets) expect(isIgnored(file)).toBe(true);
    for (const [name, { environment = {} }] of containers) {
      expect(
        Object.keys(environment).filter((one) => /PASSWORD|HMAC|DATABASE_URL/.test(one)),
        name,
      ).toEqual([]);
    }
  });
});
