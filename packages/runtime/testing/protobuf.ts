/** A field of a protobuf message: a varint or fixed64 as bigint, else its bytes. */
export interface ProtobufField {
  readonly number: number;
  readonly value: bigint | Buffer;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Takes a message apart as https://protobuf.dev/programming-guides/encoding has it; what fields mean the caller knows. */
export function* protobufFields(message: Buffer): Generator<ProtobufField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const bytes = (length: number): Buffer => {
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = Number(varint());
    const number = key >> 3;
    const type = key & 7;
    if (type === VARINT) yield { number, value: varint() };
    else if (type === FIXED64) yield { number, value: bytes(8).readBigUInt64LE() };
    else if (type === BYTES) yield { number, value: bytes(Number(varint())) };
    else if (type === FIXED32) yield { number, value: BigInt(bytes(4).readUInt32LE()) };
    else throw new Error(`protobuf has no wire type ${type} any more`);
  }
}

/** Every value of one field, in their order. */
export function repeated(message: Buffer, number: number): Buffer[] {
  return [...protobufFields(message)].flatMap((field) =>
    field.number === number && Buffer.isBuffer(field.value) ? [field.value] : [],
  );
}
