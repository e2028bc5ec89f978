import {
  AggregatorRegistry,
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type PrometheusContentType,
  Registry,
} from "prom-client";

export type Labels<L extends string> = Readonly<Record<L, string | number>>;

export interface MetricOptions<L extends string> {
  /** Prometheus name with its unit, such as `taem_http_request_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

export interface CounterMetric<L extends string> {
  add(labels: Labels<L>, amount?: number): void;
}

export interface GaugeMetric<L extends string> {
  set(labels: Labels<L>, value: number): void;
}

export interface HistogramMetric<L extends string> {
  observe(labels: Labels<L>, value: number): void;
}

/**
 * The metrics of one process. Asking for a name again gives the metric that exists, so that services can
 * share one.
 */
export interface Metrics {
  counter<L extends string = never>(options: MetricOptions<L>): CounterMetric<L>;
  gauge<L extends string = never>(options: MetricOptions<L>): GaugeMetric<L>;
  histogram<L extends string = never>(
    options: MetricOptions<L> & { readonly buckets: readonly number[] },
  ): HistogramMetric<L>;
  /** What was measured, for another thread to include. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Adds up with what another thread of the process has measured: `snapshot` is called whenever anybody asks. */
  include(snapshot: () => Promise<MetricsSnapshot>): void;
  readonly contentType: string;
  /** Everything in Prometheus' text format. */
  exposition(): Promise<string>;
}

/** Of one thread; can be posted to another. */
export type MetricsSnapshot = readonly object[];

/** Upper bounds in seconds, for what a caller waits for. */
export const LATENCY_BUCKETS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Upper bounds in seconds, for how old something is when it arrives: up to what a rebuild or a long stop leaves. */
export const LAG_BUCKETS: readonly number[] = [...LATENCY_BUCKETS, 30, 60, 300, 1_800];

/** Registries of its own (never prom-client's global one), with the process's memory and CPU, and this thread's event loop. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  const included: (() => Promise<MetricsSnapshot>)[] = [];
  const snapshot = () => registry.getMetricsAsJSON();
  const total = async () => {
    if (included.length === 0) return registry;
    const snapshots = await Promise.all([snapshot, ...included].map((one) => one()));
    return AggregatorRegistry.aggregate<PrometheusContentType>(snapshots);
  };
  return {
    contentType: registry.contentType,
    snapshot,
    include: (one) => void included.push(one),
    exposition: async () => `${await process.metrics()}\n${await (await total()).metrics()}`,
    counter: (options) => {
      const metric = existing(registry, options.name, Counter) ?? new Counter(settings(registry, options));
      return { add: (labels, amount) => metric.inc(labels, amount) };
    },
    gauge: (options) => {
      const metric = existing(registry, options.name, Gauge) ?? new Gauge(settings(registry, options));
      return { set: (labels, value) => metric.set(labels, value) };
    },
    histogram: (options) => {
      const metric =
        existing(registry, options.name, Histogram) ??
        new Histogram({ ...settings(registry, options), buckets: [...options.buckets] });
      return { observe: (labels, value) => metric.observe(labels, value) };
    },
  };
}

function existing<M>(
  registry: Registry,
  name: string,
  kind: abstract new (...args: never[]) => M,
): M | undefined {
  const metric: unknown = registry.getSingleMetric(name);
  if (metric === undefined || metric instanceof kind) return metric;
  throw new Error(`metric ${name} already exists as another type: choose another name`);
}

function settings<L extends string>(registry: Registry, { name, help, labels = [] }: MetricOptions<L>) {
  return { name, help, labelNames: [...labels], registers: [registry] };
}
