import type { Permissions } from "@taem/http";

export const permissions = {
  clients: {
    allows: "create clients, each with ceilings of its own, and API keys; rotate and revoke them",
  },
} as const satisfies Permissions;
