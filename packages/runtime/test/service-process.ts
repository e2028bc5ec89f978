/** A service with one resource, for the test that signals a real process. */
import { createHealth, createLogger, runService } from "../src/index.ts";

const open = setInterval(() => undefined, 60_000);
const code = await runService({
  name: "sample",
  logger: createLogger({ service: "sample", level: "info" }),
  health: createHealth(),
  stopLimitMs: 5_000,
  resources: [{ name: "interval", start: () => undefined, stop: () => clearInterval(open) }],
});
process.exit(code);
