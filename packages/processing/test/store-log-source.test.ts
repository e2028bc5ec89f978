import { eventSourceContract } from "../src/contract/index.ts";
import { storeLogSource } from "../src/index.ts";
import { Numbers, openInstallation } from "./support/installation.ts";

eventSourceContract("the store's log", async () => {
  const installation = await openInstallation();
  const { store } = installation;
  const numbers = new Numbers(store);
  return {
    source: storeLogSource(store),
    store,
    append: async (slice, count) => {
      for (let i = 0; i < count; i++) await numbers.append(slice, [`s${slice}`, i]);
    },
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
});
