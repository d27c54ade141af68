import { bytes } from "../../shared/arrays";
import { type Client, type Reply, Superseded } from "../../shared/protocol";

/** Pictures of samples, fetched one at a time and cached for the next hover. */
export class Thumbnails {
  private readonly kept = new Map<number, ImageData>();

  constructor(
    private readonly client: Pick<Client, "request">,
    private readonly most = 512,
  ) {}

  /** The picture if it is cached. */
  peek(i: number): ImageData | null {
    const picture = this.kept.get(i);
    if (!picture) return null;
    // A Map keeps the order of insertion, so its first key is the least recently used.
    this.kept.delete(i);
    this.kept.set(i, picture);
    return picture;
  }

  /** Fetch the picture of sample `i`; null if there is none or a newer request replaced this one. */
  async fetch(i: number): Promise<ImageData | null> {
    const here = this.peek(i);
    if (here) return here;
    try {
      const reply = await this.client.request("thumbnail", { index: i });
      const [picture] = reply.ok ? decode(reply, 1) : [];
      if (picture) this.keep(i, picture);
      return picture ?? null;
    } catch (error) {
      if (error instanceof Superseded) return null;
      throw error;
    }
  }

  /** Call `take` with the pictures of many samples; one request fetches all that are missing. */
  async fetchMany(
    samples: readonly number[],
    take: (i: number, picture: ImageData) => void,
  ): Promise<void> {
    const away = samples.filter((i) => {
      const here = this.peek(i);
      if (here) take(i, here);
      return !here;
    });
    if (away.length === 0) return;
    try {
      const asked = bytes(Uint32Array.from(away));
      const reply = await this.client.request("thumbnails", {}, [asked]);
      if (!reply.ok) return;
      decode(reply, away.length).forEach((picture, k) => {
        const i = away[k] as number;
        this.keep(i, picture);
        take(i, picture);
      });
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
    }
  }

  private keep(i: number, picture: ImageData): void {
    this.kept.set(i, picture);
    if (this.kept.size > this.most) this.kept.delete(this.kept.keys().next().value as number);
  }
}

/** Grey or RGB bytes as `count` pictures; none if the number of bytes is wrong. */
function decode(reply: Reply, count: number): ImageData[] {
  const { width, height, channels } = reply as Record<string, unknown>;
  const [data] = reply.buffers;
  if (typeof width !== "number" || typeof height !== "number" || !data) return [];
  if (channels !== 1 && channels !== 3) return [];
  const size = width * height;
  if (data.byteLength !== count * size * channels) return [];
  return Array.from({ length: count }, (_, k) => {
    const picture = new ImageData(width, height);
    for (let i = 0; i < size; i++) {
      for (let c = 0; c < 3; c++) {
        picture.data[4 * i + c] = data.getUint8(
          (k * size + i) * channels + (channels === 3 ? c : 0),
        );
      }
      picture.data[4 * i + 3] = 255;
    }
    return picture;
  });
}
