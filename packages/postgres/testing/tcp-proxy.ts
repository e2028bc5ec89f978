import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between a client and its server, to break what lies between them. */
export interface TcpProxy extends AsyncDisposable {
  /** The server's URL by way of the proxy. */
  readonly url: string;
  /** How often a client has sent something after an answer. */
  readonly roundTrips: number;
  /** How many connections clients have made. */
  readonly connections: number;
  /** Cuts every connection. */
  cut(): void;
  /** Swallows the server's next bytes and cuts their connection: the work is done, the answer lost. */
  loseNextReply(): Promise<void>;
  /**
   * Passes nothing on any more and closes nothing: what is sent waits. Of the connections that there are, or also of those that
   * are made later.
   */
  pause(connections: "present" | "all"): void;
  /** Passes on what has waited. */
  resume(): void;
  close(): Promise<void>;
}

/** `port`: where it listens; a free one unless told. */
export async function openTcpProxy(targetUrl: string, port = 0): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let onReply: (() => void) | undefined;
  let roundTrips = 0;
  let connections = 0;
  let isPaused = false;

  const server = createServer((client) => {
    connections++;
    const upstream = connect(Number(target.port), target.hostname);
    const cutPair = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", cutPair).on("close", () => {
        sockets.delete(socket);
        cutPair();
      });
      if (isPaused) socket.pause();
    }
    let isAnswered = true;
    client.on("data", (bytes) => {
      if (isAnswered) roundTrips++;
      isAnswered = false;
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      isAnswered = true;
      if (onReply === undefined) {
        client.write(bytes);
        return;
      }
      onReply();
      onReply = undefined;
      cutPair();
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(targetUrl);
  url.port = String((server.address() as AddressInfo).port);

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    server.close();
    cut();
    await once(server, "close");
  };
  return {
    url: url.href,
    get roundTrips() {
      return roundTrips;
    },
    get connections() {
      return connections;
    },
    cut,
    pause(connections) {
      isPaused = connections === "all";
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isPaused = false;
      for (const socket of sockets) socket.resume();
    },
    loseNextReply: () =>
      new Promise<void>((resolve) => {
        onReply = resolve;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
