import { freePort } from "../../../../infra/kafka/free-port.ts";
import { serverSettings } from "../../../../infra/kafka/server-settings.ts";

interface KafkaContainer extends AsyncDisposable {
  readonly brokers: string;
}

const START_TIMEOUT_MS = 180_000;

/** Runs Apache Kafka's own image; it goes with the run, by testcontainers' reaper if need be. */
export async function startKafkaContainer(version: string): Promise<KafkaContainer> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import("testcontainers");
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  // A broker tells its clients its port, so it must be the same inside and outside.
  const port = await freePort();
  const dataDir = "/var/lib/kafka/data";
  const settings = serverSettings({ dataDir, bindHost: "0.0.0.0", host, port, controllerPort: 9_093 });
  const container = await new GenericContainer(`apache/kafka:${version}`)
    .withExposedPorts({ container: port, host: port })
    .withEnvironment(
      Object.fromEntries(Object.entries(settings).map(([name, value]) => [variable(name), value])),
    )
    .withWaitStrategy(Wait.forLogMessage("Kafka Server started"))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  return {
    brokers: `${host}:${port}`,
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}

/** How the image wants a setting named. */
function variable(setting: string): string {
  return `KAFKA_${setting.toUpperCase().replaceAll(".", "_")}`;
}
