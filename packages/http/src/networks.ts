import { BlockList, isIP, isIPv4 } from "node:net";

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
const NETWORK = /^([^/]+)(?:\/([0-9]{1,3}))?$/;

/** Whether a text names a network or an address. */
export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

/** Tells whether an address lies in one of some networks. */
export function networksOf(texts: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of texts) {
    const network = parseNetwork(text);
    if (network !== undefined) list.addSubnet(network.address, network.prefix, network.family);
  }
  return (address) => {
    const plain = unmapped(address);
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain));
  };
}

/** What one host has for itself: its address of IPv4, its network (/64) of IPv6. */
export function siteOf(address: string): string {
  const plain = unmapped(address);
  if (isIP(plain) !== 6) return plain;
  const [before, after] = plain.split("::").map((part) => (part === "" ? [] : part.split(":"))) as [
    string[],
    string[]?,
  ];
  const zeros = after === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...(after ?? [])].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}

function parseNetwork(text: string) {
  const [, address = "", length] = NETWORK.exec(text) ?? [];
  if (isIP(address) === 0) return undefined;
  const family = familyOf(address);
  const longest = family === "ipv4" ? 32 : 128;
  const prefix = length === undefined ? longest : Number(length);
  return prefix > longest ? undefined : { address, prefix, family };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv4(address) ? "ipv4" : "ipv6";
}

/** A socket for both families says `::ffff:192.0.2.1` for 192.0.2.1. */
function unmapped(address: string): string {
  if (!address.startsWith("::")) return address;
  const inner = /^::ffff:(.*)$/i.exec(address)?.[1] ?? "";
  return isIPv4(inner) ? inner : address;
}
