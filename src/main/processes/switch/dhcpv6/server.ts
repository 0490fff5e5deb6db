import { encodeName } from '../dns/name';
import { writeMac } from '../ethernet/frame';

/** DHCPv6 without addresses (RFC 8415, 6.1): hosts have those already, and ask for the rest. */
export const dhcpv6Ports = { server: 547, client: 546 } as const;
const types = { reply: 7, informationRequest: 11 } as const;
const options = {
  clientId: 1,
  serverId: 2,
  dnsServers: 23,
  domainSearch: 24,
  informationRefresh: 32,
} as const;
/** Seconds after which hosts ask again. */
const refreshSeconds = 3600;
const longestId = 130;

export interface Dhcpv6Facts {
  mac: number;
  dns: string;
  domain: string;
}

/** The answer to a message of a client; undefined for everything but a question for settings. */
export function answerDhcpv6(message: Buffer, { mac, dns, domain }: Dhcpv6Facts): Buffer | undefined {
  if (message.length < 4 || message[0] !== types.informationRequest) return undefined;
  const asked = readOptions(message);
  if (!asked) return undefined;
  const own = serverId(mac);
  const meant = asked.get(options.serverId);
  if (meant && !meant.equals(own)) return undefined;
  const client = asked.get(options.clientId);
  if (client && client.length > longestId) return undefined;
  const refresh = Buffer.alloc(4);
  refresh.writeUInt32BE(refreshSeconds);
  return Buffer.concat([
    Buffer.of(types.reply),
    message.subarray(1, 4),
    ...(client ? [option(options.clientId, client)] : []),
    option(options.serverId, own),
    option(options.dnsServers, Buffer.from(dns, 'latin1')),
    option(options.domainSearch, encodeName(domain)),
    option(options.informationRefresh, refresh),
  ]);
}

function readOptions(message: Buffer): Map<number, Buffer> | undefined {
  const found = new Map<number, Buffer>();
  for (let position = 4; position < message.length;) {
    if (position + 4 > message.length) return undefined;
    const end = position + 4 + message.readUInt16BE(position + 2);
    if (end > message.length) return undefined;
    found.set(message.readUInt16BE(position), message.subarray(position + 4, end));
    position = end;
  }
  return found;
}

function option(code: number, data: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(code);
  head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** A DUID made of the hardware address (RFC 8415, 11.4). */
function serverId(mac: number): Buffer {
  const id = Buffer.alloc(10);
  id.writeUInt16BE(3);
  id.writeUInt16BE(1, 2);
  writeMac(id, 4, mac);
  return id;
}
