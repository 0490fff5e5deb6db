import { isGroup } from './frame';

/** Stations are forgotten after this long without a frame (IEEE 802.1D, table 7-5), in milliseconds. */
export const stationLifeMs = 300_000;
/** A table without limit would be a gift to whoever invents addresses. */
export const maxStations = 4096;
export const maxStationsPerPort = 1024;
export const sharePerPort = 16;

interface Station<Port> {
  port: Port;
  /** When it was last heard; null for one that never ages or moves. */
  heard: number | null;
}

/** Which station is behind which port (IEEE 802.1D, 7.8 and 7.9). Frames to a station that is not in it are flooded. */
export class ForwardingTable<Port extends object> {
  private readonly stations = new Map<number, Station<Port>>();
  private readonly counts = new Map<Port, number>();

  /**
   * @param now milliseconds
   * @param left told of a port that a station has left for another
   */
  constructor(
    private readonly now: () => number,
    private readonly left: (port: Port) => void = () => {},
  ) {}

  get size(): number {
    return this.stations.size;
  }

  find(mac: number): Port | undefined {
    return this.stations.get(mac)?.port;
  }

  /** Gives a station its place for ever: nobody else can take it. */
  pin(mac: number, port: Port): void {
    this.remove(mac);
    this.stations.set(mac, { port, heard: null });
    this.count(port, 1);
  }

  /**
   * Notes that a frame of `mac` came in by `port`. Of new stations only so many are taken.
   *
   * @returns whether the station is behind that port; false for one whose place is taken for ever
   */
  learn(mac: number, port: Port): boolean {
    const known = this.stations.get(mac);
    if (known) {
      if (known.heard === null) return known.port === port;
      if (known.port !== port) {
        this.left(known.port);
        this.count(known.port, -1);
        this.count(port, 1);
        known.port = port;
      }
      known.heard = this.now();
      return true;
    }
    if (isGroup(mac)) return true;
    // Each port has its share, whatever the others have: nobody's frames are to be flooded because of somebody else.
    const mine = this.counts.get(port) ?? 0;
    if (mine >= maxStationsPerPort || (this.stations.size >= maxStations && mine >= sharePerPort))
      return true;
    this.stations.set(mac, { port, heard: this.now() });
    this.count(port, 1);
    return true;
  }

  /** Forgets who has not been heard for too long. */
  age(): void {
    const oldest = this.now() - stationLifeMs;
    for (const [mac, { heard }] of this.stations) if (heard !== null && heard < oldest) this.remove(mac);
  }

  /** Forgets everybody behind a port. */
  forget(port: Port): void {
    for (const [mac, station] of this.stations) if (station.port === port) this.stations.delete(mac);
    this.counts.delete(port);
  }

  private remove(mac: number): void {
    const station = this.stations.get(mac);
    if (!station) return;
    this.stations.delete(mac);
    this.count(station.port, -1);
  }

  private count(port: Port, change: number): void {
    const count = (this.counts.get(port) ?? 0) + change;
    if (count > 0) this.counts.set(port, count);
    else this.counts.delete(port);
  }
}
