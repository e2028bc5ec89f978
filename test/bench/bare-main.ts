import { once } from "node:events";
import { openPlatform, readConfig } from "@taem/host";
import { contexts } from "@taem/taem-service";
import { startBareServer } from "./bare-server.ts";

const config = readConfig(process.env);
await using platform = await openPlatform(config, contexts);
await using _server = await startBareServer(platform, config.TAEM_PORT);
await once(process, "SIGTERM");
