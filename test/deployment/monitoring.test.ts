import { problemsOf } from "@taem/host";
import { contexts } from "@taem/taem-service";
import { describe, expect, test } from "vitest";
import { readText, readYaml } from "./support/files.ts";
import { exportedSeries } from "./support/metrics.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { groups } = readYaml<{ groups: { rules: Rule[] }[] }>("infra/monitoring/alerts.yml");
const rules = groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(readText("infra/monitoring/dashboard.json")) as { panels: Panel[] };
const PROBLEMS = problemsOf(contexts).codes;
const series = await exportedSeries();

/** What an expression says of series: their names, the labels it sums by or filters with, and values of `code`. */
function partsOf(expression: string) {
  const bare = expression.replaceAll(/"[^"]*"/g, '""');
  const labels = [
    ...[...bare.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(",")),
    ...[...bare.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
  ];
  return {
    names: bare.match(/\b(?:taem|kube|kubelet|process|nodejs)_\w+/g) ?? [],
    labels: labels.map((label) => label.trim()).filter((label) => label !== ""),
    codes: [...expression.matchAll(/code="([^"]*)"/g)].map(([, code]) => code),
  };
}

function expectDefined(expression: string): void {
  const { names, labels, codes } = partsOf(expression);
  expect(names.length, expression).toBeGreaterThan(0);
  for (const name of names) expect([...series.keys()], expression).toContain(name);
  const known = names.flatMap((name) => series.get(name) ?? []);
  for (const label of labels) expect(known, expression).toContain(label);
  for (const code of codes) expect(PROBLEMS).toContain(code);
}

describe("monitoring", () => {
  test.each(rules)("the alert $alert watches what is exported, and the runbook knows what to do", (rule) => {
    expectDefined(rule.expr);
    expect(readText("infra/RUNBOOK.md")).toContain(`\n## ${rule.annotations.runbook}\n`);
    expect(["page", "ticket"]).toContain(rule.labels.severity);
    const { labels } = partsOf(rule.expr);
    for (const [, label] of rule.annotations.summary.matchAll(/\$labels\.(\w+)/g))
      expect(labels).toContain(label);
  });

  test.each(panels)("the panel $title shows what is exported", ({ targets }) => {
    for (const { expr, legendFormat } of targets) {
      expectDefined(expr);
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const { names } = partsOf(expr);
        expect(series.get(names[0] as string)).toContain(label);
      }
    }
  });

  test("every measure of lag, parking, gaps, invariants and the relay has an alert", () => {
    const watched = rules.flatMap(({ expr }) => partsOf(expr).names);
    const measures = [...series.keys()].filter((name) =>
      /^taem_(projection|queue|relay|kafka)_.*(?<!_sum|_count)$/.test(name),
    );
    const shownOnly = [
      "taem_relay_published_total",
      "taem_projection_events_total",
      "taem_projection_batch_seconds_bucket",
      "taem_projection_parked_total",
      "taem_queue_deliveries_total",
    ];
    expect(measures.filter((name) => !watched.includes(name))).toEqual(shownOnly);
  });

  test("panels have ids of their own and do not overlap", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
