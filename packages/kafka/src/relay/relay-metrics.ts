import { LAG_BUCKETS, type Metrics } from "@taem/runtime";

export interface RelayMetrics {
  /** A page was sent; `lagMs` is the age of its oldest event. */
  published(events: number, lagMs: number): void;
  /** An event that cannot be told of, of a newer version or damaged, was left to the store. */
  pointedAt(): void;
  restarted(): void;
  leads(isLeader: boolean): void;
}

export function relayMetrics(metrics: Metrics): RelayMetrics {
  const events = metrics.counter({
    name: "taem_relay_published_total",
    help: "Events that all replicas of the topic have acknowledged, repetitions included.",
  });
  const lag = metrics.histogram({
    name: "taem_relay_lag_seconds",
    help: "Age of the oldest event of a page when the topic had acknowledged it.",
    buckets: LAG_BUCKETS,
  });
  const restarts = metrics.counter({
    name: "taem_relay_restarts_total",
    help: "Times the relay began again at its checkpoint, because something failed or another relay took over.",
  });
  const unknown = metrics.counter({
    name: "taem_relay_unknown_events_total",
    help: "Events of a newer version, or damaged: readers were told where they are, and fetch them from the store.",
  });
  const leader = metrics.gauge({
    name: "taem_relay_leader",
    help: "1 where this process is the one that sends.",
  });
  leader.set({}, 0);
  return {
    published: (count, lagMs) => {
      events.add({}, count);
      lag.observe({}, lagMs / 1_000);
    },
    pointedAt: () => unknown.add({}),
    restarted: () => restarts.add({}),
    leads: (isLeader) => leader.set({}, isLeader ? 1 : 0),
  };
}
