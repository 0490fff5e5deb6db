import type { FieldReader } from '../reader';
import { type Decoded, LayerWriter, shown } from './decoded';

/** First lines of messages (RFC 9112, 3 and 4). */
const request = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) \S+ HTTP\/\d\.\d$/;
const response = /^HTTP\/\d\.\d \d{3}(?: .*)?$/;
const longestHead = 8192;
const maxHeaders = 50;

/** Notes the first line and the headers of an HTTP message, where one begins here. */
export function decodeHttp(decoded: Decoded, reader: FieldReader): void {
  const text = reader.bytes.toString(
    'latin1',
    reader.position,
    Math.min(reader.end, reader.position + longestHead),
  );
  const lineEnd = text.indexOf('\r\n');
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  if (!request.test(line) && !response.test(line)) return;
  const headEnd = text.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? text : text.slice(0, headEnd);
  const layer = new LayerWriter(decoded, 'HTTP', reader);
  reader.skip(head.length);
  layer.add('First line', shown(line));
  for (const header of head.split('\r\n').slice(1, 1 + maxHeaders)) {
    const colon = header.indexOf(':');
    if (colon > 0) layer.add(shown(header.slice(0, colon)), shown(header.slice(colon + 1).trim()));
  }
  decoded.info = shown(line);
}
