import { z } from 'zod';
import {
  captureFilter,
  captureRequest,
  captureStatus,
  maxPacketsPerPage,
  packetDetail,
  packetPage,
  tcpStream,
} from '../../network/capture';
import { condition } from '../../network/condition';
import { forward, networkId, networkKind, networkSettings, portId } from '../../network/config';
import { networkCapabilities, networkChanges, networkDraft } from '../../network/draft';
import { flowReport } from '../../network/flows';
import { networkSummary } from '../../network/summary';
import { define, nothing, none } from './define';

/** Networks, what passes through them, and who may. */
export const networkCommands = define({
  'network.list': { params: none, result: z.array(networkSummary) },
  'network.get': { params: z.strictObject({ id: networkId }), result: networkSummary },
  /** Which kinds of networks this computer can have, and why not others. */
  'network.capabilities': { params: none, result: networkCapabilities },
  /** Settings for a new network, with a subnet that nobody uses; nothing is made. */
  'network.suggest': { params: z.strictObject({ kind: networkKind }), result: networkSettings },
  /** What the draft does not say is as `network.suggest` suggests it. */
  'network.create': { params: z.strictObject({ network: networkDraft }), result: networkSummary },
  /**
   * Takes effect at once, also while machines run; those learn of other addresses when they ask the next time. With
   * another subnet, the gateway and the addresses of DHCP that are not given move along.
   */
  'network.edit': {
    params: z.strictObject({ id: networkId, changes: networkChanges }),
    result: networkSummary,
  },
  /**
   * Who speaks with whom on a network that is in use (`network.idle` otherwise), since this was asked the last time.
   * It is looked at only while somebody asks every few seconds.
   */
  'network.flows': { params: z.strictObject({ id: networkId }), result: flowReport },
  /** Refused with `network.in-use` while machines have cards on it, and for the default network. */
  'network.remove': { params: z.strictObject({ id: networkId }), result: nothing },
  /** What the cable of a port is like, at once; null: as good as it can be. Presets: `conditionPresets`. */
  'network.setCondition': {
    params: z.strictObject({ id: networkId, port: portId, condition: condition.nullable() }),
    result: networkSummary,
  },
  /**
   * Captures what passes a network that is in use (`network.idle` otherwise), or one port of it. What an earlier
   * capture has is given up. The capture ends, and is lost, when the last machine leaves the network.
   */
  'network.startCapture': {
    params: z.strictObject({ id: networkId, capture: captureRequest }),
    result: captureStatus,
  },
  /** What was captured stays. */
  'network.stopCapture': {
    params: z.strictObject({ id: networkId }),
    result: captureStatus.nullable(),
  },
  /** Null: nothing has been captured, or the network is not in use. */
  'network.captureStatus': {
    params: z.strictObject({ id: networkId }),
    result: captureStatus.nullable(),
  },
  /** The packets behind the one of the number `after` (0: from the oldest that is there) that fit the filter. */
  'network.packets': {
    params: z.strictObject({
      id: networkId,
      after: z.number().int().min(0),
      limit: z.number().int().min(1).max(maxPacketsPerPage),
      filter: captureFilter,
    }),
    result: packetPage,
  },
  'network.packet': {
    params: z.strictObject({ id: networkId, number: z.number().int().min(1) }),
    result: packetDetail,
  },
  /** The TCP connection that a packet belongs to. */
  'network.followStream': {
    params: z.strictObject({ id: networkId, number: z.number().int().min(1) }),
    result: tcpStream,
  },
  /** Writes what fits the filter as a pcapng file into the data folder's `captures/`. */
  'network.saveCapture': {
    params: z.strictObject({ id: networkId, filter: captureFilter }),
    result: z.object({ path: z.string(), packets: z.number() }),
  },
  /** Adds a forward, or changes the one of the same id; tried at once where a machine of the network runs. */
  'network.setForward': {
    params: z.strictObject({ id: networkId, forward: forward.partial({ id: true }) }),
    result: networkSummary,
  },
  'network.removeForward': {
    params: z.strictObject({ id: networkId, forward: z.string().max(32) }),
    result: networkSummary,
  },
});
