import { freePort } from "../../../../infra/kafka/free-port.ts";

export interface EventStoreDbContainer extends AsyncDisposable {
  readonly url: string;
  restart(): Promise<void>;
}

const IMAGE = "kurrentplatform/kurrentdb:25.0";
const PORT = 2_113;
const START_TIMEOUT_MS = 180_000;

/** Runs KurrentDB's own image; it goes with the run, by testcontainers' reaper if need be. */
export async function startEventStoreDbContainer(): Promise<EventStoreDbContainer> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import("testcontainers");
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  // The same after a restart, when clients look for it again.
  const port = await freePort();
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts({ container: PORT, host: port })
    .withCommand(["--insecure", "--run-projections=None", "--telemetry-optout"])
    .withWaitStrategy(Wait.forHttp("/health/live", PORT).forStatusCode(204))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  return {
    url: `esdb://${host}:${port}?tls=false`,
    restart: () => container.restart(),
    [Symbol.asyncDispose]: async () => {
      await container.stop();
    },
  };
}
