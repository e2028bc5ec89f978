import { connect } from "node:net";

/** `ApiVersions` (key 18) version 0, correlation id 1, no client id: the one request that every broker answers. */
const REQUEST = Buffer.from("0000000a0012000000000001ffff", "hex");
const ERROR_CODE_AT = 8;

/** Whether a broker answers requests at `host:port`. */
export function answers(address: string, timeoutMs = 1_000): Promise<boolean> {
  const separator = address.lastIndexOf(":");
  return new Promise((resolve) => {
    const socket = connect(Number(address.slice(separator + 1)), address.slice(0, separator));
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.on("error", () => end(false)).on("close", () => end(false));
    socket.on("connect", () => socket.write(REQUEST));
    socket.on("data", (bytes) =>
      end(bytes.length > ERROR_CODE_AT + 1 && bytes.readInt16BE(ERROR_CODE_AT) === 0),
    );
  });
}
