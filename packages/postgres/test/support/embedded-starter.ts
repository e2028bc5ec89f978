import { once } from "node:events";
import { startEmbeddedPostgres } from "../../src/index.ts";

const [dataDir] = process.argv.slice(2) as [string];
const server = await startEmbeddedPostgres({ dataDir });
process.send?.(server.url);
await once(process, "message");
await server.stop();
process.disconnect?.();
