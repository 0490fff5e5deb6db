import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import { systemClock } from '../clock';
import { Gateway } from '../gateway/gateway';
import { GatewayPort } from '../gateway/gateway-port';
import { Machines } from '../gateway/machines';
import { LearningSwitch } from '../ports/learning-switch';

/** A switch with a gateway that asks no resolver, without a process around it; `changes` on the default network. */
export function testNetwork(changes: Partial<NetworkConfig> = {}): {
  bridge: LearningSwitch;
  gateway: Gateway;
  machines: Machines;
} {
  const bridge = new LearningSwitch(systemClock);
  const port = new GatewayPort(0x025600000001, bridge, systemClock);
  const machines = new Machines();
  const gateway = (port.gateway = new Gateway({
    link: port.link,
    clock: systemClock,
    wallClock: Date.now,
    machines,
    config: { ...defaultNetwork(), ...changes },
    leasesChanged: () => {},
    resolvers: () => [],
  }));
  return { bridge, gateway, machines };
}
