import { LAG_BUCKETS, LATENCY_BUCKETS, type Metrics } from "@taem/runtime";

export interface ProjectorMetrics {
  /** A batch was applied; `lagMs` is the age of its oldest event. */
  applied(events: number, lagMs: number, tookMs: number): void;
  parked(): void;
  /** So many are parked now. */
  parkedStreams(streams: number): void;
  /** Something was missing of so many slices, and is read from the store. */
  gaps(slices: number): void;
  stopped(slices: number): void;
  /** Reading events has failed for so long by now; 0 where it does not. */
  outage(forMs: number): void;
  /** Age of the oldest event that the projection may lack; 0 where it has all. */
  behind(ms: number): void;
}

export function projectorMetrics(metrics: Metrics, projection: string): ProjectorMetrics {
  const labels = { projection };
  const names = ["projection"] as const;
  const events = metrics.counter({
    name: "taem_projection_events_total",
    help: "Events applied by a projection.",
    labels: names,
  });
  const lag = metrics.histogram({
    name: "taem_projection_lag_seconds",
    help: "Age of the oldest event of a batch when its rows were written.",
    labels: names,
    buckets: LAG_BUCKETS,
  });
  const batch = metrics.histogram({
    name: "taem_projection_batch_seconds",
    help: "Time to apply a batch.",
    labels: names,
    buckets: LATENCY_BUCKETS,
  });
  const parked = metrics.counter({
    name: "taem_projection_parked_total",
    help: "Streams parked by a projection.",
    labels: names,
  });
  const parkedStreams = metrics.gauge({
    name: "taem_projection_parked_streams",
    help: "Streams that are parked: their rows stand still.",
    labels: names,
  });
  const gaps = metrics.counter({
    name: "taem_projection_gaps_total",
    help: "Slices that something was missing of on its way here, and was read from the store.",
    labels: names,
  });
  const stopped = metrics.gauge({
    name: "taem_projection_stopped_slices",
    help: "Slices that a projection has stopped at, because of a bug or a wrong order of deployment.",
    labels: names,
  });
  const outage = metrics.gauge({
    name: "taem_projection_outage_seconds",
    help: "For how long a projection has not been able to read events; 0 while it can.",
    labels: names,
  });
  const behind = metrics.gauge({
    name: "taem_projection_behind_seconds",
    help: "Age of the oldest event of the log that a projection does not have, in whichever process; 0 where it has all.",
    labels: names,
  });
  // A counter that nobody has seen at 0 hides its first increase.
  for (const counter of [events, parked, gaps]) counter.add(labels, 0);
  for (const gauge of [parkedStreams, stopped, outage, behind]) gauge.set(labels, 0);
  return {
    applied: (count, lagMs, tookMs) => {
      events.add(labels, count);
      lag.observe(labels, lagMs / 1_000);
      batch.observe(labels, tookMs / 1_000);
    },
    parked: () => parked.add(labels),
    parkedStreams: (streams) => parkedStreams.set(labels, streams),
    gaps: (slices) => gaps.add(labels, slices),
    stopped: (slices) => stopped.set(labels, slices),
    outage: (forMs) => outage.set(labels, forMs / 1_000),
    behind: (ms) => behind.set(labels, ms / 1_000),
  };
}
