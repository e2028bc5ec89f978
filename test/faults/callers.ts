import { setTimeout as delay } from "node:timers/promises";
import { type BulkLine, type Client, ClientError, type CommandAnswer } from "@taem/client";
import { seeded } from "@taem/testing/programme";
import { describeCommand, type Record, type Sent } from "./record.ts";
import { type Answer, CallerScript, type Command, PROGRAMME, type Sender } from "./script.ts";

export type Clients = Readonly<globalThis.Record<Sender, Client>>;
type Reply = CommandAnswer | { readonly member: string; readonly enrolledAt: string };

/** What the ledger may rightly refuse these callers. Anything else final is false. */
const REFUSALS = new Set([
  "insufficient_points",
  "hold_closed",
  "capture_exceeds_hold",
  "reversal_exceeds_origin",
  "balance_limit_exceeded",
  "transfer_to_self",
  "key_reused",
  "adjustment_unknown",
]);

/** One attempt is given up after this, and another made. */
const ATTEMPT_MS = 20_000;
/** Of so many commands, one is given up at once where the answer does not come soon, as by a caller who crashes. */
const ABANDONED = 12;
const SHORT_PATIENCE_MS = 150;

/** Callers who each send one command after the other and repeat it, under the same key, until there is an answer. */
export class Callers {
  readonly #clients: Clients;
  readonly #record: Record;
  /** Answers that are false whatever the state of the account: no refusal of the ledger's. */
  readonly falseAnswers: string[] = [];
  /** Milliseconds from the first attempt to the answer. */
  longestMs = 0;

  constructor(clients: Clients, record: Record) {
    this.#clients = clients;
    this.#record = record;
  }

  /** One caller, until told that it is over: what is not answered by then stays open. */
  async call(seed: number, caller: number, thinkMs: number, isOver: () => boolean): Promise<void> {
    const random = seeded(seed * 7_919 + caller);
    const script = new CallerScript(seed, caller).run();
    let command = script.next().value;
    while (!isOver()) {
      const isAbandoned = random(ABANDONED) === 0;
      const answer = isAbandoned ? await this.abandon(command) : await this.send(command, isOver);
      command = script.next(answer ?? { refused: "unanswered" }).value;
      // So that they do not all wait while nothing answers, and then come all at once.
      await delay(random(2 * thinkMs));
    }
  }

  /** The answer, which is recorded; undefined when it was over before there was one. */
  async send(command: Command, isOver: () => boolean = () => false): Promise<Answer | undefined> {
    const began = performance.now();
    let answer: Answer | undefined;
    do answer = await this.#attempt(command, ATTEMPT_MS);
    while (answer === undefined && !isOver());
    this.longestMs = Math.max(this.longestMs, performance.now() - began);
    return answer;
  }

  /** Sends once; what becomes of it is not known unless the answer comes soon. */
  abandon(command: Command): Promise<Answer | undefined> {
    return this.#attempt(command, SHORT_PATIENCE_MS);
  }

  async #attempt(command: Command, deadlineMs: number): Promise<Answer | undefined> {
    const sent = this.#record.begin(command);
    try {
      return this.#take(sent, answerOf(await perform(this.#clients[command.by], command.line, deadlineMs)));
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return error.retryable ? undefined : this.#take(sent, this.#refusal(sent, error.code, error.message));
    }
  }

  /** Every command that was ever sent once more, in order, whoever sent it. */
  async repeatAll(): Promise<undefined> {
    for (const by of ["clerk", "supervisor"] as const) {
      const sent = this.#record.sent.filter(({ command }) => command.by === by);
      let next = 0;
      for await (const answer of this.#clients[by].bulk(
        PROGRAMME,
        sent.map(({ command }) => command.line),
      )) {
        const one = sent[next++] as Sent;
        if ("result" in answer) this.#take(one, answerOf(answer.result));
        else this.#take(one, this.#refusal(one, answer.problem.code, answer.problem.detail));
      }
    }
  }

  #take(sent: Sent, answer: Answer): Answer {
    this.#record.take(sent, answer);
    return answer;
  }

  #refusal({ command }: Sent, code: string, message: string): Answer {
    if (!REFUSALS.has(code)) this.falseAnswers.push(`${describeCommand(command)}: ${code}: ${message}`);
    return { refused: code };
  }
}

/** Whether it is a first answer or a repetition must not show, nor what has happened to the account since. */
function answerOf(reply: Reply): Answer {
  return "effect" in reply ? { effect: reply.effect } : { member: reply.member };
}

function perform(client: Client, line: BulkLine, deadlineMs: number): Promise<Reply> {
  const programme = PROGRAMME;
  const options = { deadlineMs };
  const base = "POST /v1/programmes/{programme}";
  switch (line.op) {
    case "enrol": {
      const { op: _, ...body } = line;
      return client.call(`${base}/members`, { params: { programme }, body }, options);
    }
    case "earn": {
      const { op: _, member, ...body } = line;
      return client.call(`${base}/members/{member}/earn`, { params: { programme, member }, body }, options);
    }
    case "burn": {
      const { op: _, member, ...body } = line;
      return client.call(`${base}/members/{member}/burn`, { params: { programme, member }, body }, options);
    }
    case "hold": {
      const { op: _, member, ...body } = line;
      return client.call(`${base}/members/{member}/holds`, { params: { programme, member }, body }, options);
    }
    case "transfer": {
      const { op: _, member, ...body } = line;
      const params = { programme, member };
      return client.call(`${base}/members/{member}/transfers`, { params, body }, options);
    }
    case "reverse": {
      const { op: _, member, ...body } = line;
      const params = { programme, member };
      return client.call(`${base}/members/{member}/reversals`, { params, body }, options);
    }
    case "adjust": {
      const { op: _, member, ...body } = line;
      const params = { programme, member };
      return client.call(`${base}/members/{member}/adjustments`, { params, body }, options);
    }
    case "capture": {
      const { op: _, hold: id, ...body } = line;
      return client.call(`${base}/holds/{id}/capture`, { params: { programme, id }, body }, options);
    }
    case "void": {
      const { op: _, hold: id, ...body } = line;
      return client.call(`${base}/holds/{id}/void`, { params: { programme, id }, body }, options);
    }
    case "approve":
    case "reject":
    case "withdraw": {
      const { op, adjustment: id, ...body } = line;
      return client.call(`${base}/adjustments/{id}/${op}`, { params: { programme, id }, body }, options);
    }
  }
}
