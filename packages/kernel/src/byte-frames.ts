const LENGTH_BYTES = 4;

/** Parts one after the other, each behind its length in 4 bytes, little-endian: no two lists of parts have the same bytes. */
export function framed(parts: readonly Uint8Array[]): Buffer {
  const size = parts.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0);
  const bytes = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const part of parts) {
    offset = bytes.writeUInt32LE(part.length, offset);
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The parts of `framed`, as views of its bytes. Throws `RangeError` on bytes that are not so many parts and nothing else. */
export function unframed(bytes: Uint8Array, count: number): Buffer[] {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const parts: Buffer[] = [];
  let offset = 0;
  while (parts.length < count) {
    const start = offset + LENGTH_BYTES;
    offset = start + whole.readUInt32LE(offset);
    if (offset > whole.length) throw new RangeError("the bytes end within a part");
    parts.push(whole.subarray(start, offset));
  }
  if (offset !== whole.length) throw new RangeError("there are bytes behind the last part");
  return parts;
}
