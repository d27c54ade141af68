import { fit } from "../../shared/dom";
import type { Camera, Size } from "./camera";
import { dimming, type Engine, emphasis, growth, pointOpacity, pointSize } from "./engine";
import type { World } from "./world";

/** The points group by group, by counting: comparing would take a million of them a second. */
export function byGroup(groups: Uint16Array): Uint32Array {
  const start = new Uint32Array(2 ** 16 + 1);
  for (let i = 0; i < groups.length; i++) {
    const after = (groups[i] as number) + 1;
    start[after] = (start[after] as number) + 1;
  }
  for (let k = 1; k < start.length; k++) {
    start[k] = (start[k] as number) + (start[k - 1] as number);
  }
  const order = new Uint32Array(groups.length);
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i] as number;
    order[start[group] as number] = i;
    start[group] = (start[group] as number) + 1;
  }
  return order;
}

/** The map on a plain 2-D canvas: slower than WebGL, and there everywhere. */
export function canvasEngine(): Engine {
  const canvas = document.createElement("canvas");
  let at: World = {
    x: new Float32Array(0),
    y: new Float32Array(0),
    fromData: (x, y) => ({ x, y }),
  };
  let palette: readonly string[] = [];
  let order: Uint32Array = new Uint32Array(0);
  let groups: Uint16Array = new Uint16Array(0);
  let chosen = new Uint8Array(0);
  let chosenCount = 0;
  let view: { camera: Camera; size: Size } | null = null;
  let frame = 0;

  const paint = () => {
    frame = 0;
    if (!view) return;
    const { camera, size } = view;
    const context = fit(canvas, size.width, size.height);
    if (!context) return;
    context.clearRect(0, 0, size.width, size.height);
    const plain = pointSize(at.x.length, size) * growth(camera.scale);
    const anyChosen = chosenCount > 0;
    const opacity = pointOpacity(at.x.length);
    // The selected are painted last, over those that dim.
    for (const pass of anyChosen ? [0, 1] : [0]) {
      context.globalAlpha =
        anyChosen && pass === 0 ? opacity * dimming(at.x.length, size) : opacity;
      const side = plain + (pass === 1 ? emphasis(chosenCount) : 0);
      let group = -1;
      for (const i of order) {
        if (anyChosen && chosen[i] !== pass) continue;
        if (groups[i] !== group) {
          group = groups[i] as number;
          context.fillStyle = palette[group] ?? "#808080";
        }
        const half = size.height / 2;
        const x = size.width / 2 + half * (camera.scale * (at.x[i] as number) + camera.left);
        const y = half - half * (camera.scale * (at.y[i] as number) + camera.up);
        if (x < -side || y < -side || x > size.width + side || y > size.height + side) continue;
        if (side < 4) context.fillRect(x - side / 2, y - side / 2, side, side);
        else {
          context.beginPath();
          context.arc(x, y, side / 2, 0, 2 * Math.PI);
          context.fill();
        }
      }
    }
    engine.onDraw();
  };
  const soon = () => {
    if (!frame) frame = requestAnimationFrame(paint);
  };

  const engine: Engine = {
    canvas,
    onDraw: () => {},
    setPoints(points, newGroups, newPalette) {
      at = points;
      groups = newGroups;
      palette = newPalette;
      // Few changes of colour make a frame several times faster.
      order = byGroup(newGroups);
      if (chosen.length !== points.x.length) chosen = new Uint8Array(points.x.length);
      soon();
    },
    setSelection(selection) {
      chosen.fill(0);
      for (const i of selection) chosen[i] = 1;
      chosenCount = selection.length;
      soon();
    },
    setView(camera, size) {
      canvas.style.width = `${size.width}px`;
      canvas.style.height = `${size.height}px`;
      view = { camera, size };
      soon();
    },
    setBackground: soon,
    destroy() {
      cancelAnimationFrame(frame);
      canvas.remove();
    },
  };
  return engine;
}
