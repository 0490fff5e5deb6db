import type { Address } from '../ip/address';
import { copyOf, type IpErrors, type IpPacket, type Origin } from '../ip/ip';
import { type DestinationSettings, destinationOf } from '../nat/destination';
import type { Ping } from './ping';

/** Questions under way, of one card and of all: each is a program of the system. More are lost, as on any busy way. */
export const maxPerCard = 4;
export const maxUnderWay = 16;

/** The gateway's own ICMP of one version. */
export interface Echo<A extends Address> extends IpErrors<A> {
  /** Whether it is an echo request without a fault. Precondition: the packet is ICMP. */
  isRequest(packet: IpPacket<A>): boolean;
  /** Answers an echo request in the name of whom it was for. */
  answer(packet: IpPacket<A>, mac: number): void;
}

/** Passes guests' echo requests on to the world, as far as the host's own `ping` gets. */
export class EchoRelay<A extends Address> {
  private readonly underWay = new Map<string, number>();
  private all = 0;
  private closed = false;

  constructor(
    private readonly echo: Echo<A>,
    private readonly settings: () => DestinationSettings,
    private readonly ping: Ping,
  ) {}

  /** An ICMP packet that is not for the gateway. */
  receive(packet: IpPacket<A>, { mac, card }: Origin): void {
    if (!this.echo.isRequest(packet)) return;
    const target = destinationOf('icmp', packet.destination, 0, this.settings());
    if (target.kind !== 'host') {
      this.echo.unreachable(packet, mac, target.kind === 'closed' ? 'port' : target.obstacle);
      return;
    }
    const mine = this.underWay.get(card) ?? 0;
    if (mine >= maxPerCard || this.all >= maxUnderWay) return;
    this.underWay.set(card, mine + 1);
    this.all++;
    const asked = copyOf(packet);
    void this.ping(target.address).then((result) => {
      this.done(card);
      if (this.closed) return;
      if (result === 'answered') this.echo.answer(asked, mac);
      else if (result === 'impossible') this.echo.unreachable(asked, mac, 'prohibited');
    });
  }

  /** What is under way is answered no more. */
  close(): void {
    this.closed = true;
  }

  private done(card: string): void {
    const rest = (this.underWay.get(card) ?? 1) - 1;
    if (rest > 0) this.underWay.set(card, rest);
    else this.underWay.delete(card);
    this.all--;
  }
}
