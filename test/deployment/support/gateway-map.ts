import { contexts } from "@taem/taem-service";
import { byDefault, gatewayRules } from "@taem/testing/gateway-rules";

/** What nginx is told of the routes that the contexts describe. */
export const GATEWAY_MAP = "infra/kubernetes/gateway-routes.conf.template";

export function gatewayMap(): string {
  const address = (service: string) => `\${${service.toUpperCase()}_ADDRESS}`;
  const rules = gatewayRules(contexts).map(({ service, pattern }) => `  "~${pattern}" ${address(service)};`);
  return `# Which service answers what: written by \`npm run gateway\` from the routes that the contexts describe. By the request as it was
# sent, since a member's id may hold an encoded slash; where a path is written and read, by the method too.
map "$request_method $request_uri" $service {
  default ${address(byDefault)};
${rules.join("\n")}
}
`;
}
