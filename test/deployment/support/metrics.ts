import { execFileSync } from "node:child_process";
import { createMetrics } from "@taem/runtime";
import { ROOT, readText } from "./files.ts";

/** Of others: kube-state-metrics and the kubelet. */
const FOREIGN = new Map([
  ["kube_deployment_status_replicas_available", ["namespace", "deployment"]],
  ["kube_job_status_failed", ["namespace", "job_name"]],
  ["kubelet_volume_stats_available_bytes", ["namespace", "persistentvolumeclaim"]],
  ["kubelet_volume_stats_capacity_bytes", ["namespace", "persistentvolumeclaim"]],
]);

/** What Prometheus adds to whatever it scrapes. */
const TARGET_LABELS = ["instance", "pod"];

/** Every series that somebody exports, with its labels. */
export async function exportedSeries(): Promise<ReadonlyMap<string, readonly string[]>> {
  const series = new Map(FOREIGN);
  for (const name of await processSeries()) series.set(name, TARGET_LABELS);
  for (const { kind, name, labels } of definitions()) {
    const all = [...labels, ...TARGET_LABELS];
    if (kind !== "histogram") series.set(name, all);
    else for (const suffix of ["bucket", "count", "sum"]) series.set(`${name}_${suffix}`, ["le", ...all]);
  }
  return series;
}

async function processSeries(): Promise<string[]> {
  const text = await createMetrics().exposition();
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] as string);
}

/** Calls of `metrics.counter({ name, help, labels })` and its like in the source of packages and services. */
function definitions() {
  const files = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*/src/*.ts"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  return files
    .trim()
    .split("\n")
    .flatMap((file) => {
      const source = readText(file);
      const calls = source.matchAll(/metrics\.(counter|gauge|histogram)\(\{(.+?)\}\)/gs);
      return [...calls].map(([, kind, body = ""]) => ({
        kind,
        name: /name: "([^"]+)"/.exec(body)?.[1] ?? "",
        labels: labelsIn(source, body),
      }));
    });
}

/** Written in the call, or in a constant of the file. */
function labelsIn(source: string, body: string): string[] {
  const value = /labels: (\[.*?\]|\w+)/.exec(body)?.[1];
  if (value === undefined) return [];
  const list = value.startsWith("[") ? value : new RegExp(`const ${value} = (\\[.*?\\])`).exec(source)?.[1];
  return JSON.parse(list ?? "[]") as string[];
}
