import { type Client, Superseded } from "../shared/protocol";

/** Pictures of samples by number, asked for one at a time and kept for the next hover. */
export class Thumbnails {
  private readonly kept = new Map<number, ImageData>();

  constructor(
    private readonly client: Pick<Client, "request">,
    private readonly most = 512,
  ) {}

  /** The picture if it is here already. */
  peek(i: number): ImageData | null {
    const picture = this.kept.get(i);
    if (!picture) return null;
    // A map keeps the order of insertion: the first key is the one unused for longest.
    this.kept.delete(i);
    this.kept.set(i, picture);
    return picture;
  }

  /** Fetch the picture of sample `i`; null if there is none or a newer one was asked for. */
  async fetch(i: number): Promise<ImageData | null> {
    const here = this.peek(i);
    if (here) return here;
    try {
      const reply = await this.client.request("thumbnail", { index: i });
      const picture = reply.ok ? decode(reply) : null;
      if (picture) {
        this.kept.set(i, picture);
        if (this.kept.size > this.most) this.kept.delete(this.kept.keys().next().value as number);
      }
      return picture;
    } catch (error) {
      if (error instanceof Superseded) return null;
      throw error;
    }
  }
}

/** Grey or RGB bytes as a picture; null if the sizes do not agree. */
function decode(reply: { [field: string]: unknown; buffers: DataView[] }): ImageData | null {
  const { width, height, channels } = reply as Record<string, unknown>;
  const [data] = reply.buffers;
  if (typeof width !== "number" || typeof height !== "number" || !data) return null;
  if ((channels !== 1 && channels !== 3) || data.byteLength !== width * height * channels) {
    return null;
  }
  const picture = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      picture.data[4 * i + c] = data.getUint8(i * channels + (channels === 3 ? c : 0));
    }
    picture.data[4 * i + 3] = 255;
  }
  return picture;
}
