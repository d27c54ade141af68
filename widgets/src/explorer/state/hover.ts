import { type Client, unlessSuperseded } from "../../shared/protocol";
import type { Point } from "../map/camera";
import type { MapView } from "../map/map";
import type { Thumbnails } from "../map/thumbnails";
import { Card } from "../panels/card";
import type { Column } from "./columns";

/** The card about the sample in focus, and the values and picture fetched for it. */
export class Hover {
  readonly card: Card;

  constructor(
    private readonly client: Client,
    private readonly thumbnails: Thumbnails,
    private readonly given: { pictures: boolean; live: boolean },
  ) {
    this.card = new Card(given.pictures);
  }

  /** Show the card about sample `i`; returns its text. */
  show(i: number, table: readonly Column[], place: Point, map: MapView): string {
    const told = this.card.show(i, table, place, map.size);
    if (this.given.live && table.some((one) => one.kind === "number" && !one.values)) {
      void this.tellMore(i, map);
    }
    if (this.given.pictures) {
      this.card.paint(this.thumbnails.peek(i));
      void this.thumbnails.fetch(i).then((picture) => {
        if (picture && map.focus === i) this.card.paint(picture);
      });
    }
    return told;
  }

  private async tellMore(i: number, map: MapView): Promise<void> {
    const reply = await this.client.request("about", { index: i }).catch(unlessSuperseded);
    if (reply?.ok && map.focus === i) this.card.add(reply.values as [string, string][]);
  }
}
