import { BlockList, isIP } from "node:net";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Whether what is sent to a host stays on this machine: loopback, or the folder of a Unix socket. A name other than `localhost`
 * may lead anywhere, whatever it resolves to now.
 */
export function isLoopback(host: string): boolean {
  if (host.startsWith("/")) return true;
  const bare = host.replace(/^\[(.+)\]$/, "$1").toLowerCase();
  const family = isIP(bare);
  if (family === 0) return bare === "localhost";
  return LOOPBACK.check(bare, family === 4 ? "ipv4" : "ipv6");
}
