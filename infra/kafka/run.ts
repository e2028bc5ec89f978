/** Runs a broker on port 19092 with its data in .taem/kafka until it is told to stop (interrupt). */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startKafkaBroker } from "./broker.ts";

const dataDir = fileURLToPath(new URL("../../.taem/kafka", import.meta.url));

const broker = await startKafkaBroker({ dataDir, port: 19_092 });
console.log(`Kafka answers at ${broker.brokers}; interrupt to stop it`);
// Only a timer keeps a process alive that waits for a signal.
const waiting = setInterval(() => {}, 2 ** 30);
await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
clearInterval(waiting);
await broker.stop();
