import type { Flow, TcpStack } from '../tcp/stack';

const firstPort = 32_768;
const lastPort = 65_535;

/** The ports that the gateway calls guests from: one after the other, so that none is used again soon. */
export class GatewayPorts {
  private next = firstPort;

  /** A port that no connection of a stack with these ends has; any where all are in use. */
  take(stack: Pick<TcpStack, 'isUsed'>, ends: Omit<Flow, 'remotePort'>): number {
    for (let tried = firstPort; tried <= lastPort; tried++) {
      const port = this.next;
      this.next = port === lastPort ? firstPort : port + 1;
      if (!stack.isUsed({ ...ends, remotePort: port })) return port;
    }
    return firstPort;
  }
}
