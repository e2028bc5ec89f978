import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A socket to a server, for requests that no client would send. */
export async function rawConnection(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await once(socket, "connect");
  // Many are cut off on purpose.
  socket.on("error", () => undefined);
  return socket;
}

/** Everything that the server says until it closes its side. */
export async function answerOf(socket: Socket): Promise<string> {
  socket.setEncoding("utf8");
  let text = "";
  for await (const chunk of socket) text += chunk as string;
  return text;
}
