import type { ReceiveBuffer } from './receive-buffer';
import { nativeFormat, writePixelFormat } from './pixel-format';
import { ProtocolError } from './client-messages';
import { protocolVersion, securityTypeNone } from './protocol';

const versionLength = 12;

function text(value: string): Uint8Array {
  return Buffer.from(value, 'utf8');
}

/** An RFC 6143 failure: a count or result, then the reason as a counted string. */
function refusal(start: Uint8Array, reason: string): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text(reason).length);
  return Buffer.concat([start, length, text(reason)]);
}

function serverInit(size: { width: number; height: number }, name: string): Uint8Array {
  const out = new Uint8Array(24 + text(name).length);
  const view = new DataView(out.buffer);
  view.setUint16(0, size.width);
  view.setUint16(2, size.height);
  out.set(writePixelFormat(nativeFormat), 4);
  view.setUint32(20, text(name).length);
  out.set(text(name), 24);
  return out;
}

/** The first part of a connection: RFC 6143 sections 7.1 to 7.3. Version 3.8, without authentication. */
export class Handshake {
  #step: 'version' | 'security' | 'init' = 'version';

  constructor(
    private readonly send: (data: Uint8Array) => void,
    private readonly name: string,
  ) {}

  start(): void {
    this.send(text(protocolVersion));
  }

  /**
   * Consumes what has come. Returns true once the client is initialised.
   * @param size of the screen, in pixels, at this moment
   * @throws ProtocolError when the client wants something else; it has been told
   */
  advance(received: ReceiveBuffer, size: { width: number; height: number }): boolean {
    if (this.#step === 'version' && received.length >= versionLength) {
      this.#checkVersion(received.view());
      received.consume(versionLength);
      this.send(Uint8Array.of(1, securityTypeNone));
      this.#step = 'security';
    }
    if (this.#step === 'security' && received.length >= 1) {
      if (received.view().getUint8(0) !== securityTypeNone) {
        this.send(refusal(Uint8Array.of(0, 0, 0, 1), 'Only security type None is offered'));
        throw new ProtocolError('The client chose a security type that was not offered');
      }
      received.consume(1);
      this.send(new Uint8Array(4));
      this.#step = 'init';
    }
    if (this.#step === 'init' && received.length >= 1) {
      // The byte asks for exclusive access; every viewer is shared here.
      received.consume(1);
      this.send(serverInit(size, this.name));
      return true;
    }
    return false;
  }

  #checkVersion(view: DataView): void {
    const version = Buffer.from(view.buffer, view.byteOffset, versionLength).toString('latin1');
    const match = /^RFB (\d{3})\.(\d{3})\n$/.exec(version);
    if (!match) throw new ProtocolError('This is not an RFB client');
    const [major, minor] = [Number(match[1]), Number(match[2])];
    if (major > 3 || (major === 3 && minor >= 8)) return;
    // Clients of version 3.3 read four bytes here, later ones a single one.
    const none = minor >= 7 ? Uint8Array.of(0) : new Uint8Array(4);
    this.send(refusal(none, 'RFB 3.8 is needed'));
    throw new ProtocolError('The client is older than RFB 3.8');
  }
}
