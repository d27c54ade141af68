import { bytes } from "../../shared/arrays";
import { type Client, Lost, Superseded } from "../../shared/protocol";
import type { StatusLine } from "../panels/status";

const HINT = 5_000; // milliseconds until the page says that the kernel has not started
const LONGEST = 60_000; // milliseconds until it stops waiting for that

/** A fit of the selection by the kernel: requests it, waits for it, stops waiting. */
export class Fitting {
  busy = false;
  private reason = "";

  constructor(
    private readonly client: Client,
    private readonly status: StatusLine,
    private readonly changed: () => void,
  ) {}

  async run(selection: Uint32Array): Promise<void> {
    this.busy = true;
    this.reason = "";
    this.status.error(null);
    this.changed();
    // A kernel that begins a fit says so right away; otherwise it is busy or gone.
    const hint = window.setTimeout(() => {
      if (this.client.begun("fit")) return;
      this.status.hint(
        "The kernel has not started the fit: it runs a cell, or is gone. Press again to stop waiting.",
      );
    }, HINT);
    const end = window.setTimeout(() => {
      if (!this.client.begun("fit")) this.lose("The kernel does not answer. Is it running?");
    }, LONGEST);
    try {
      const reply = await this.client.request("fit", {}, [bytes(selection)]);
      if (!reply.ok) this.status.error(reply.error ?? "The fit failed.", reply.trace);
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      if (error instanceof Lost) {
        const lost = "The kernel stopped responding. If it was restarted, run the cell again.";
        this.status.error(this.reason || lost);
      }
    } finally {
      window.clearTimeout(hint);
      window.clearTimeout(end);
      this.busy = false;
      this.changed();
    }
  }

  /** Stop waiting: no answer will come. */
  lose(reason: string): void {
    if (!this.busy) return;
    this.reason = reason;
    this.client.giveUp("fit", reason);
  }

  stop(): void {
    this.lose("Stopped waiting. If the kernel finishes the fit, its factors will still be shown.");
  }
}
