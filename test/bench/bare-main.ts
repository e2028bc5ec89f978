import { once } from "node:events";
import { openPlatform, readConfig } from "@taem/standalone-service";
import { startBareServer } from "./bare-server.ts";

const config = readConfig(process.env);
await using platform = await openPlatform(config);
await using _server = await startBareServer(platform, config.TAEM_PORT);
await once(process, "SIGTERM");
