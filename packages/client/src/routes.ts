import type { CommandAnswer, EnrolAnswer, ProgrammeAnswer } from "./answers.ts";
import type {
  AdjustBody,
  Amount,
  BurnBody,
  BusinessClock,
  CurrencyBody,
  EarnBody,
  HoldBody,
  Instant,
  ReverseBody,
  RuleBody,
  Source,
  TransferBody,
} from "./requests.ts";

type Optional = { readonly occurredAt?: Instant; readonly source?: Source };
type OnMember = Optional & { readonly currency: string };

interface Command<B> {
  readonly body: B;
  readonly answer: CommandAnswer;
}

interface Definition<B> {
  readonly body: B;
  readonly answer: ProgrammeAnswer;
}

/** The routes that `call` knows, each with its body and answer. */
export interface Routes {
  "GET /v1/programmes/{programme}": { readonly answer: ProgrammeAnswer };
  "PUT /v1/programmes/{programme}": Definition<{
    readonly name: string;
    readonly zone: string;
    readonly clock?: BusinessClock;
  }>;
  "PUT /v1/programmes/{programme}/clock": Definition<BusinessClock>;
  "PUT /v1/programmes/{programme}/currencies/{currency}": Definition<CurrencyBody>;
  "PUT /v1/programmes/{programme}/rules/{rule}": Definition<RuleBody>;
  "PUT /v1/programmes/{programme}/sources/{system}": Definition<{ readonly keys: "account" | "programme" }>;
  "POST /v1/programmes/{programme}/members": {
    readonly body: { readonly externalId: string };
    readonly answer: EnrolAnswer;
  };
  "POST /v1/programmes/{programme}/members/{member}/earn": Command<OnMember & EarnBody>;
  "POST /v1/programmes/{programme}/members/{member}/burn": Command<OnMember & BurnBody>;
  "POST /v1/programmes/{programme}/members/{member}/holds": Command<OnMember & HoldBody>;
  "POST /v1/programmes/{programme}/members/{member}/transfers": Command<OnMember & TransferBody>;
  "POST /v1/programmes/{programme}/members/{member}/reversals": Command<OnMember & ReverseBody>;
  "POST /v1/programmes/{programme}/members/{member}/adjustments": Command<OnMember & AdjustBody>;
  "POST /v1/programmes/{programme}/holds/{id}/capture": Command<Optional & { readonly points?: Amount }>;
  "POST /v1/programmes/{programme}/holds/{id}/void": Command<Optional>;
  "POST /v1/programmes/{programme}/adjustments/{id}/approve": Command<Optional>;
}

export type RouteName = keyof Routes;

/** The names in a path such as `/v1/programmes/{programme}/members/{member}`. */
type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;

export type RouteRequest<R extends RouteName> = {
  readonly params: Readonly<Record<PathNames<R>, string>>;
} & (Routes[R] extends { readonly body: infer B } ? { readonly body: B } : unknown);

export type RouteAnswer<R extends RouteName> = Routes[R]["answer"];
