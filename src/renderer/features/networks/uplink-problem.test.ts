import { Failure } from '@shared/errors';
import { defaultNetwork, type NetworkConfig } from '@shared/network/config';
import type { NetworkCapabilities } from '@shared/network/draft';
import type { UplinkDevice } from '@shared/network/uplink';
import { describe, expect, it } from 'vitest';
import { uplinkProblem } from './uplink-problem';

const denied = new Failure('file.denied', 'not yours').toValue();
const bridged: NetworkConfig = {
  ...defaultNetwork(),
  kind: 'bridged',
  gatewayOn: false,
  uplink: { device: 'br0' },
};
const hostOnly: NetworkConfig = { ...bridged, kind: 'host-only', gatewayOn: true };
const here = (
  devices: UplinkDevice[],
  ownDevice = null as NetworkCapabilities['ownDevice'],
): NetworkCapabilities => ({
  ...{ kinds: [], devices, ownDevice, hostSubnets: [], ipv6Internet: false },
});
const br0 = (problem: UplinkDevice['problem']): UplinkDevice => ({
  name: 'br0',
  kind: 'bridge',
  mac: null,
  problem,
});

describe('what keeps a network from its device', () => {
  it('is told before anything is started', () => {
    expect(uplinkProblem({ config: defaultNetwork(), uplink: null }, here([]))).toBeNull();
    expect(uplinkProblem({ config: bridged, uplink: null }, undefined)).toBeNull();
    expect(uplinkProblem({ config: bridged, uplink: null }, here([br0(null)]))).toBeNull();
    expect(uplinkProblem({ config: bridged, uplink: null }, here([br0(denied)]))).toBe(denied);
    expect(uplinkProblem({ config: bridged, uplink: null }, here([]))?.message).toContain('br0');
  });

  it('is for a host-only network what keeps it from having one made', () => {
    expect(uplinkProblem({ config: hostOnly, uplink: null }, here([]))).toBeNull();
    expect(uplinkProblem({ config: hostOnly, uplink: null }, here([], denied))).toBe(denied);
  });

  it('is what the switch says while it runs', () => {
    const running = { config: bridged, uplink: { state: 'failed' as const, problem: denied } };
    expect(uplinkProblem(running, here([br0(null)]))).toBe(denied);
    expect(uplinkProblem({ ...running, uplink: { state: 'up', problem: null } }, here([]))).toBeNull();
  });
});
