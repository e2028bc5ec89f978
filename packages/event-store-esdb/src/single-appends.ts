import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams, { type AppendReq, type AppendResp } from "@eventstore/db-client/generated/streams_pb.js";
import type { AppendAnswer, AppendRequest } from "./append-request.ts";
import type { Connection } from "./connection.ts";
import { toIdentifier, toProposed } from "./event-messages.ts";
import { Passing } from "./failures.ts";
import { positionIfAny } from "./positions.ts";

/** One append in a call of its own, for servers without BatchAppend. Rejects as `BatchAppends.send` does. */
export async function sendAlone(
  connection: Connection,
  request: AppendRequest,
  timeoutMs: number,
): Promise<AppendAnswer> {
  const response: AppendResp = await connection.append(toMessages(request), timeoutMs);
  const success = response.getSuccess();
  if (success !== undefined) {
    const position = success.getPosition();
    return {
      stored: true,
      revision: Number(success.getCurrentRevision()) + 1,
      position: position && positionIfAny(position.getCommitPosition(), position.getPreparePosition()),
    };
  }
  const wrong = response.getWrongExpectedVersion();
  if (wrong === undefined) throw new Passing("the event store answered an append with nothing");
  const current = wrong.hasCurrentRevision() ? Number(wrong.getCurrentRevision()) : -1;
  return { stored: false, actualRevision: current + 1 };
}

function toMessages({ stream, expectedRevision, events }: AppendRequest): AppendReq[] {
  const options = new streams.AppendReq.Options();
  options.setStreamIdentifier(toIdentifier(stream));
  if (expectedRevision === 0) options.setNoStream(new shared.Empty());
  else options.setRevision(String(expectedRevision - 1));
  const header = new streams.AppendReq();
  header.setOptions(options);
  return [
    header,
    ...events.map((event) => {
      const message = new streams.AppendReq();
      message.setProposedMessage(toProposed(streams.AppendReq.ProposedMessage, event));
      return message;
    }),
  ];
}
