const magic = 0xfd2fb528;
const dictionaryIdBytes = [0, 1, 2, 4];
const rleBlock = 1;
const reservedBlock = 3;

/**
 * Where the first Zstandard frame of some bytes ends, and how long it says its contents are (RFC 8878, section 3.1.1).
 * A compressed cluster is stored without its length: behind the frame comes whatever filled the sector.
 *
 * @throws RangeError where there is no whole frame
 */
export function measureZstdFrame(bytes: Uint8Array): { length: number; contents: number | undefined } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== magic) throw new RangeError('no Zstandard frame');
  const descriptor = view.getUint8(4);
  const singleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  let position = 5 + (singleSegment ? 0 : 1) + (dictionaryIdBytes[descriptor & 3] ?? 0);

  let contents: number | undefined;
  switch (descriptor >> 6) {
    case 0:
      if (singleSegment) contents = view.getUint8(position++);
      break;
    case 1:
      contents = view.getUint16(position, true) + 256;
      position += 2;
      break;
    case 2:
      contents = view.getUint32(position, true);
      position += 4;
      break;
    default:
      contents = Number(view.getBigUint64(position, true));
      position += 8;
  }

  for (let isLast = false; !isLast;) {
    const block = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    const type = (block >> 1) & 3;
    if (type === reservedBlock) throw new RangeError('a block of a reserved type');
    position += 3 + (type === rleBlock ? 1 : block >> 3);
    isLast = (block & 1) !== 0;
  }
  position += hasChecksum ? 4 : 0;
  if (position > bytes.length) throw new RangeError('the frame is cut off');
  return { length: position, contents };
}
