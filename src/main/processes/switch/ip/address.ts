import { formatIpv4 } from '@shared/network/address';
import { formatIpv6 } from '@shared/network/ipv6';

/** An IPv4 address as an unsigned number, or an IPv6 address as a string of 16 characters, one for each byte. */
export type Address = number | string;

export function formatAddress(address: Address): string {
  return typeof address === 'number' ? formatIpv4(address) : formatIpv6(address);
}
