/** Writes the gateway's map of routes. */
import { writeFileSync } from "node:fs";
import { ROOT } from "./support/files.ts";
import { GATEWAY_MAP, gatewayMap } from "./support/gateway-map.ts";

writeFileSync(ROOT + GATEWAY_MAP, gatewayMap());
