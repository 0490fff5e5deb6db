import { app } from 'electron';
import { type OpenRequest, parseLink } from '@shared/desktop/open-request';

/** Links and files that the system asks this program to open, kept until somebody takes them. */
export class SystemRequests {
  private readonly waiting: OpenRequest[] = [];
  private badLink = false;
  private taker: { open(requests: OpenRequest[]): void; badLink(): void } | undefined;

  /** A Mac tells of them by events, of which the first may come before the program is ready. */
  constructor() {
    app.on('open-url', (event, url) => {
      event.preventDefault();
      const request = parseLink(url);
      this.add(request ? [request] : [], request === undefined);
    });
    app.on('open-file', (event, path) => {
      event.preventDefault();
      this.add([{ kind: 'path', path }], false);
    });
  }

  add(requests: readonly OpenRequest[], badLink: boolean): void {
    this.waiting.push(...requests);
    this.badLink ||= badLink;
    this.hand();
  }

  /** From now on `taker` is given what there is, and what comes. */
  takenBy(taker: { open(requests: OpenRequest[]): void; badLink(): void }): void {
    this.taker = taker;
    this.hand();
  }

  private hand(): void {
    if (!this.taker) return;
    if (this.badLink) this.taker.badLink();
    this.badLink = false;
    const requests = this.waiting.splice(0);
    if (requests.length > 0) this.taker.open(requests);
  }
}
