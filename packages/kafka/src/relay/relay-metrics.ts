import { LAG_BUCKETS, type Metrics } from "@taem/runtime";

/** Why an event is not told of, and left to the store: of a newer version, not what its contract says, or refused for its size. */
export type PointedAt = "unknown" | "damaged" | "too_large";

export interface RelayMetrics {
  /** A page was sent; `lagMs` is the age of its oldest event. */
  published(events: number, lagMs: number): void;
  /** Readers were told where an event is, and fetch it from the store. */
  pointedAt(why: PointedAt): void;
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
  const pointed = metrics.counter({
    name: "taem_relay_pointed_events_total",
    help: "Events of a newer version, damaged, or too large for the topic: readers were told where they are, and fetch them from the store.",
    labels: ["reason"] as const,
  });
  // A counter that nobody has seen at 0 hides its first increase.
  for (const reason of ["unknown", "damaged", "too_large"]) pointed.add({ reason }, 0);
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
    pointedAt: (reason) => pointed.add({ reason }),
    restarted: () => restarts.add({}),
    leads: (isLeader) => leader.set({}, isLeader ? 1 : 0),
  };
}
