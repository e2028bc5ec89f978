import type { Permissions } from "@taem/http";

export const permissions = {
  earn: { allows: "give points for sales, take them back for returns, enrol members" },
  burn: { allows: "spend, hold and transfer points" },
  read: { allows: "see members' balances, lots, statements and events" },
  finance: { allows: "see the reports of a whole programme" },
  partner: { allows: "what exchange partners are given" },
  opening: { allows: "bring in opening balances: earns with an expiry of their own", isOfAdmin: true },
  adjust: { allows: "ask for adjustments of balances by hand", isOfAdmin: true },
  approve: {
    allows: "approve or reject adjustments that another has asked for",
    approves: "adjust",
    isOfAdmin: true,
  },
} as const satisfies Permissions;
