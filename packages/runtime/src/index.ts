export { type Clock, systemClock } from "./clock.ts";
export {
  ConfigError,
  type ConfigProblem,
  describeConfig,
  durationSetting,
  type Environment,
  integerSetting,
  loadConfig,
  secret,
} from "./config.ts";
export { derivedKey } from "./derived-key.ts";
export { createHealth, type Health, type HealthCheck, type HealthReport } from "./health.ts";
export { allocateYoung } from "./heap.ts";
export { newId, randomId } from "./id.ts";
export {
  OperatorError,
  type Resource,
  type Running,
  runService,
  type ServiceOptions,
  startResources,
} from "./lifecycle.ts";
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  writeLogLine,
} from "./logger.ts";
export { isLoopback } from "./loopback.ts";
export {
  type CounterMetric,
  createMetrics,
  type GaugeMetric,
  type HistogramMetric,
  LAG_BUCKETS,
  LATENCY_BUCKETS,
  type Labels,
  type Metrics,
  type MetricsSnapshot,
} from "./metrics.ts";
export { reasonOf } from "./reason.ts";
export { redactText } from "./redaction.ts";
export { QUIET_FAILURES, retryPause } from "./retry-pause.ts";
export { parseTraceparent } from "./trace-context.ts";
export type { BatchWork, RequestSpan, SpanAttributes, TracedEvent, Tracer, Work } from "./tracer.ts";
export { startTracer, traced } from "./tracing.ts";
