/**
 * The test server in a process of its own: `node main.ts --port 2113 --data events.log [--no-batch-append] [--write-ms 10]`. Says where it
 * listens on its output; stops at once on SIGTERM, and a kill costs nothing that was acknowledged.
 */
import { parseArgs } from "node:util";
import { TestServer } from "./server.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    data: { type: "string" },
    "no-batch-append": { type: "boolean", default: false },
    "write-ms": { type: "string", default: "0" },
  },
});
const server = await TestServer.start({
  port: Number(values.port),
  batchAppend: !values["no-batch-append"],
  writeMs: Number(values["write-ms"]),
  ...(values.data !== undefined && { file: values.data }),
});
process.stdout.write(`listening ${server.url}\n`);
process.once("SIGTERM", () => void server[Symbol.asyncDispose]());
