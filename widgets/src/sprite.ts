/** Pictures of all samples as the tiles of one PNG, row by row, made by Python's export. */
export type Sprite = { png: string; width: number; height: number; across: number; count: number };

/** The corner of the tile of sample `index`; null if there is none. */
export function tileAt(sprite: Sprite, index: unknown): { x: number; y: number } | null {
  if (typeof index !== "number" || !Number.isInteger(index)) return null;
  if (index < 0 || index >= sprite.count) return null;
  const row = Math.floor(index / sprite.across);
  return { x: (index - row * sprite.across) * sprite.width, y: row * sprite.height };
}

/** Decode a base64 PNG. */
export function picture(png: string): Promise<ImageBitmap> {
  const data = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  return createImageBitmap(new Blob([data], { type: "image/png" }));
}

/** Tiles, given by their corners, as RGB bytes, one tile after the other. */
export function cut(
  sprite: Sprite,
  sheet: ImageBitmap,
  tiles: readonly { x: number; y: number }[],
): DataView {
  const canvas = document.createElement("canvas");
  canvas.width = sprite.width;
  canvas.height = sprite.height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser cannot draw the picture.");
  const size = sprite.width * sprite.height;
  const rgb = new Uint8Array(tiles.length * size * 3);
  tiles.forEach(({ x, y }, k) => {
    context.drawImage(sheet, -x, -y);
    const rgba = context.getImageData(0, 0, sprite.width, sprite.height).data;
    for (let i = 0; i < size; i++) rgb.set(rgba.subarray(4 * i, 4 * i + 3), 3 * (k * size + i));
  });
  return new DataView(rgb.buffer);
}
