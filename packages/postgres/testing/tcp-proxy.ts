import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between a client and its server, to break what lies between them. */
export interface TcpProxy extends AsyncDisposable {
  /** The server's URL by way of the proxy. */
  readonly url: string;
  /** How often a client has sent something after an answer. */
  readonly roundTrips: number;
  /** Cuts every connection. */
  cut(): void;
  /** Swallows the server's next bytes and cuts their connection: the work is done, the answer lost. */
  loseNextReply(): Promise<void>;
  close(): Promise<void>;
}

/** `port`: where it listens; a free one unless told. */
export async function openTcpProxy(targetUrl: string, port = 0): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const sockets = new Set<Socket>();
  let onReply: (() => void) | undefined;
  let roundTrips = 0;

  const server = createServer((client) => {
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
    }
    let isAnswered = true;
    client.on("data", () => {
      if (isAnswered) roundTrips++;
      isAnswered = false;
    });
    client.pipe(upstream);
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
    cut,
    loseNextReply: () =>
      new Promise<void>((resolve) => {
        onReply = resolve;
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
