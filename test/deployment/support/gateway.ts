import { readText } from "./files.ts";
import { GATEWAY_MAP } from "./gateway-map.ts";

const routes = readText(GATEWAY_MAP);
const templates = readText("infra/kubernetes/gateway.conf.template") + routes;

/** The variables that whoever runs the gateway must set. */
export const gatewayVariables = new Set(
  [...templates.matchAll(/\$\{([A-Z_]+)\}/g)].map((match) => match[1] as string),
);

const map = /map "\$request_method \$request_uri" \$service \{(.+?)\n\}/s.exec(routes)?.[1] ?? "";
const rules = [...map.matchAll(/^ {2}"~(.+)"\s+\$\{([A-Z]+)_ADDRESS\};$/gm)].map(([, pattern, service]) => ({
  pattern: new RegExp(pattern as string),
  service: (service as string).toLowerCase(),
}));
const fallback = /^ {2}default\s+\$\{([A-Z]+)_ADDRESS\};$/m.exec(map)?.[1]?.toLowerCase();

/** The service that answers a request, by its method and its target as it was sent; nginx's expressions mean the same here. */
export function serviceFor(method: string, target: string): string | undefined {
  return rules.find(({ pattern }) => pattern.test(`${method} ${target}`))?.service ?? fallback;
}
